"""What the cores and the memory are doing: of a board's BPU, and of processes that use bpusim."""

from __future__ import annotations

from hbm_runtime.cli.monitoring.snapshot import CoreState, ProcessState, Snapshot, Watcher

__all__ = ["CoreState", "ProcessState", "Snapshot", "Watcher"]
