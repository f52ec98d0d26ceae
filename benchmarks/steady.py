"""Ten thousand runs: memory does not grow, and the driver allocates nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks import models
from benchmarks.figures import Figure
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.testing import live

RUNS = 10_000


def resident_kib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def main() -> None:
    """Reports two figures."""
    runtime = HB_HBMRuntime(str(models.written("identity", models.identity)))
    values = np.ones(16, np.float32)
    for _ in range(1000):
        runtime.run(values)
    memory, calls = resident_kib(), live().allocation_calls
    for _ in range(RUNS):
        runtime.run(values)
    Figure(f"growth over {RUNS} runs", resident_kib() - memory, 256, "KiB").report()
    Figure(f"driver allocations in {RUNS} runs", live().allocation_calls - calls, 0).report()


if __name__ == "__main__":
    main()
