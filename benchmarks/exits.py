"""The interpreter's exit with requests in flight, again and again."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import models
from benchmarks.figures import Figure

EXITS = 200
LIMIT = 1.0  # seconds

SCRIPT = """
import sys, time
import numpy as np
from hbm_runtime import HB_HBMRuntime
runtime = HB_HBMRuntime(sys.argv[1])
x = np.ones((1024, 1024), np.float32)
requests = [runtime.run_async(x) for _ in range(64)]
sys.stdout.write(str(time.time()))
sys.stdout.flush()
"""


def exit_seconds() -> float:
    """From the end of a script with 64 requests in flight to its process's; infinite when that was not clean."""
    path = models.written("chain_1024_1024_1", lambda: models.chain(1024, 1024))
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False)
    ended = time.time()
    return ended - float(done.stdout) if done.returncode == 0 and not done.stderr else float("inf")


def main() -> None:
    """Reports two figures."""
    times = [exit_seconds() for _ in range(EXITS)]
    good = sum(seconds <= LIMIT for seconds in times)
    Figure(f"{EXITS} exits with 64 requests in flight, in 1 s", good, EXITS, at_least=True).report()
    Figure("the longest of them", max(times), LIMIT, "s").report()


if __name__ == "__main__":
    main()
