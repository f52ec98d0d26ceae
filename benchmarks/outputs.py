"""Outputs whose size the run decides, against ONNX Runtime's Python API with one thread, on the same file."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.latency import session
from hbm_runtime import HB_HBMRuntime

CALLS = 40
ROUNDS = 5
SIZE = 320
Inputs = dict[str, Any]


def image(rows: int) -> Inputs:
    """An input with so many rows."""
    return {"x": np.random.default_rng(rows).normal(0, 1, (rows, SIZE)).astype(np.float32)}


def interleaved(sides: dict[str, Callable[[Inputs], object]], inputs: Callable[[], Inputs]) -> dict[str, float]:
    """Nanoseconds, the sides in turn on the same inputs: the median of each round, and the best round."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        samples: dict[str, list[int]] = {name: [] for name in sides}
        for _ in range(CALLS):
            given = inputs()
            for name, call in sides.items():
                begin = time.perf_counter_ns()
                call(given)
                samples[name].append(time.perf_counter_ns() - begin)
        best = {name: min(best.get(name, np.inf), statistics.median(each)) for name, each in samples.items()}
    return best


def beside_onnxruntime(name: str, path: Path, inputs: Inputs) -> None:
    """Reports our latency in that of ONNX Runtime."""
    runtime, reference = HB_HBMRuntime(str(path)), session(path)
    times = interleaved({"ours": runtime.run, "onnxruntime": lambda given: reference.run(None, given)}, lambda: inputs)
    value = times["ours"] / times["onnxruntime"]
    Figure(f"{name}, latency in ONNX Runtime's", value, 1.05, "x", detail=times).report()


def new_sizes(path: Path) -> None:
    """Reports runs with ever new numbers of rows, in runs with one number that is the mean of the others."""
    runtime = HB_HBMRuntime(str(path))
    seen = image(SIZE)
    count = ROUNDS * CALLS // 2
    others = iter([SIZE + sign * rows for rows in range(1, count + 1) for sign in (1, -1)])
    runtime.run(seen)
    times = interleaved({"seen": lambda _: runtime.run(seen), "unseen": runtime.run}, lambda: image(next(others)))
    value = times["unseen"] / times["seen"]
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
