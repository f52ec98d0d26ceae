"""Outputs whose size the run decides, against ONNX Runtime's Python API with one thread, on the same file."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.latency import session
from hbm_runtime import HB_HBMRuntime

PAIRS = 300
SIZE = 320
Inputs = dict[str, Any]
Sides = Mapping[str, Callable[[Inputs], object]]


def image(rows: int) -> Inputs:
    """An input with so many rows."""
    return {"x": np.random.default_rng(rows).normal(0, 1, (rows, SIZE)).astype(np.float32)}


def ratio(sides: Sides, inputs: Callable[[], Inputs]) -> tuple[float, dict[str, float]]:
    """The first side's time in the second's: the median of pairs of calls, and each side's median in nanoseconds.

    Either side is first in every other pair, so that caches and a clock that drifts favour none.
    """
    samples: dict[str, list[int]] = {name: [] for name in sides}
    for pair in range(PAIRS):
        given = inputs()
        for name, call in list(sides.items())[:: 1 if pair % 2 else -1]:
            begin = time.perf_counter_ns()
            call(given)
            samples[name].append(time.perf_counter_ns() - begin)
    ours, others = samples.values()
    medians = {name: statistics.median(each) for name, each in samples.items()}
    return statistics.median(one / other for one, other in zip(ours, others, strict=True)), medians


def beside_onnxruntime(name: str, path: Path, inputs: Inputs) -> None:
    """Reports our latency in that of ONNX Runtime."""
    runtime, reference = HB_HBMRuntime(str(path), threads=1), session(path)
    sides = {"ours": runtime.run, "onnxruntime": lambda given: reference.run(None, given)}
    value, times = ratio(sides, lambda: inputs)
    Figure(f"{name}, latency in ONNX Runtime's", value, 1.05, "x", detail=times).report()


def new_sizes(path: Path) -> None:
    """Reports runs with ever new numbers of rows, in runs with one number that is the mean of the others."""
    runtime = HB_HBMRuntime(str(path), threads=1)
    seen = image(SIZE)
    others = iter([SIZE + sign * rows for rows in range(1, PAIRS // 2 + 1) for sign in (1, -1)])
    runtime.run(seen)
    sides = {"unseen": runtime.run, "seen": lambda _: runtime.run(seen)}
    value, times = ratio(sides, lambda: image(next(others)))
    Figure("an input size that was not seen before, in a seen one", value, 1.3, "x", detail=times).report()


def main() -> None:
    """Reports four figures."""
    for output, name in {
        "dynamic": "dynamic size",
        "counted": "size that the data decide",
        "wrong": "wrongly declared size",
    }.items():
        path = models.written(f"products_{output}", lambda output=output: models.products(SIZE, output))  # type: ignore[misc]
        beside_onnxruntime(name, path, image(SIZE))
    new_sizes(models.FOLDER / "products_dynamic.onnx")


if __name__ == "__main__":
    main()
