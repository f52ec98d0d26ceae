"""Importing this package beside importing ONNX Runtime, in CPU time of whole processes, above numpy."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.figures import Figure

STARTS = 40
NUMPY, ENGINE = "import numpy", "import numpy, onnxruntime"
LINES = {
    "import hbm_runtime": "import numpy, hbm_runtime",
    "from hbm_runtime import HB_HBMRuntime": "import numpy\nfrom hbm_runtime import HB_HBMRuntime",
}


def cpu_ms(line: str) -> float:
    """User and system time of a Python that runs one line."""
    process = subprocess.Popen([sys.executable, "-c", line])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{line!r} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1e3


def main() -> None:
    """Reports a figure for each line: the median of its starts above numpy's, in that of ONNX Runtime."""
    times: dict[str, list[float]] = {line: [] for line in (NUMPY, ENGINE, *LINES.values())}
    for _ in range(STARTS):
        for line, measured in times.items():
            measured.append(cpu_ms(line))
    medians = {line: statistics.median(measured) for line, measured in times.items()}
    engine = medians[ENGINE] - medians[NUMPY]
    for title, line in LINES.items():
        own = medians[line] - medians[NUMPY]
        detail = {"own_ms": own, "onnxruntime_ms": engine, "numpy_ms": medians[NUMPY]}
        Figure(f"{title}, above numpy, in import onnxruntime", own / engine, 0.6, detail=detail).report()


if __name__ == "__main__":
    main()
