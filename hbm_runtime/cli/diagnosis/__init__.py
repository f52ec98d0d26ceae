"""What ``doctor`` finds out about the package, the machine and the driver."""

from __future__ import annotations

from hbm_runtime.cli.diagnosis.findings import Finding, Findings, State
from hbm_runtime.cli.diagnosis.report import examine

__all__ = ["Finding", "Findings", "State", "examine"]
