"""Runs that last as long as a test wants, with results that are known exactly."""

from __future__ import annotations

import functools
import time
from typing import Any

import numpy as np

from hbm_runtime import HB_HBMRuntime
from support.dtypes import Array
from support.onnx_models import SLOW_SIZE

X: Array = np.random.default_rng(0).normal(size=(SLOW_SIZE, SLOW_SIZE)).astype(np.float32)
_PROBE = 2000


@functools.cache
def _steps_per_second(path: str) -> float:
    runtime = HB_HBMRuntime(path)
    fastest = min(_seconds(runtime, _PROBE) for _ in range(3))
    return _PROBE / fastest


def _seconds(runtime: HB_HBMRuntime, steps: int) -> float:
    start = time.perf_counter()
    runtime.run(inputs(steps))
    return time.perf_counter() - start


def inputs(steps: int) -> dict[str, Array]:
    """Inputs of the slow model for this many steps."""
    return {"x": X, "count": np.array([steps], np.int64)}


def expected(steps: int) -> Array:
    """The output for this many steps."""
    return np.roll(X, steps, axis=1)


def steps_for(path: Any, seconds: float) -> int:
    """Steps that take about this long on an idle core; longer when others work, too."""
    return max(1, int(_steps_per_second(str(path)) * seconds))
