"""Steps whose state stays in device memory, beside ONNX Runtime's IO binding with two blocks that change places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.timing import Rounds
from hbm_runtime import HB_HBMRuntime

BLOCK, SECONDS = 300, 5.0


def with_io_binding(path: Path, shape: tuple[int, int]) -> Callable[[], None]:
    """A step of ONNX Runtime by default."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x, one, other = (onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32)) for _ in range(3))

    def bindings() -> Iterator[onnxruntime.IOBinding]:
        for old, new in ((one, other), (other, one)):
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", x)
            binding.bind_ortvalue_input("h", old)
            binding.bind_ortvalue_output("next", new)
            yield binding

    turns = cycle(list(bindings()))
    return lambda: session.run_with_iobinding(next(turns))


def rounds(rows: int, size: int) -> Rounds:
    """A step of both, and a bound run that keeps its blocks."""
    path = models.written(f"cell_{rows}_{size}", lambda: models.cell(rows, size))
    runtime = HB_HBMRuntime(path)
    (name,) = runtime.model_names
    calls: dict[str, Callable[[], object]] = {
        "step": runtime.bind_steps(name, {"next": "h"}).run,
        "bound": runtime.bind(name).run,
        "onnxruntime": with_io_binding(path, (rows, size)),
    }
    return Rounds(calls, BLOCK, SECONDS)


def main() -> None:
    """Reports two figures: the cost of a step that computes next to nothing, and of one that computes a little."""
    tiny = rounds(1, 8)
    more = tiny.more("step", "onnxruntime") / 1e3
    Figure("step of 8 floats, above IO binding", more, 6, "us", detail=tiny.medians()).report()
    small = rounds(8, 512)
    ratio = small.ratio("step", "onnxruntime")
    Figure("step of 8 x 512 x 512, in IO binding's", ratio, 1.1, "x", detail=small.medians()).report()


if __name__ == "__main__":
    main()
