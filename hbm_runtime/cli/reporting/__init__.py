"""The page that ``perf --report`` writes: one file that needs nothing else."""

from __future__ import annotations

from hbm_runtime.cli.reporting.details import CoreSamples, Details, profile_frames
from hbm_runtime.cli.reporting.page import write_page

__all__ = ["CoreSamples", "Details", "profile_frames", "write_page"]
