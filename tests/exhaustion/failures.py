"""Kinds of calls that fail by themselves: without memory the text may be lost, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from exhaustion.scenarios import Call, X, scenario
from support.onnx_models import TensorSpec, build

import hbm_runtime
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.testing import faults


def _failure_of(call: Call) -> Any:
    """The class of what is raised, where it is not for want of memory."""
    try:
        call()
    except hbm_runtime.OutOfResourcesError:
        raise
    except hbm_runtime.HbmError as error:
        return type(error).__name__
    return "nothing"


@scenario
def the_engine_fails(one: Path, _two: Path) -> Iterator[Call]:
    """An index that lies outside is found by the run, on the driver's thread."""
    path = one.parent / "gather.onnx"
    inputs: list[TensorSpec] = [("x", "F32", (4,)), ("i", "S64", (1,))]
    taken = build([onnx.helper.make_node("Gather", ["x", "i"], ["y"])], inputs, [("y", "F32", (1,))])
    onnx.save(taken, path)
    given = {"x": np.ones(4, np.float32), "i": np.full(1, 9, np.int64)}
    with HB_HBMRuntime(str(path)) as runtime:
        yield lambda: [_failure_of(lambda: runtime.run(given)), _failure_of(lambda: runtime.run_async(given).result())]


@scenario
def the_task_fails(one: Path, _two: Path) -> Iterator[Call]:
    """The driver says so by itself."""
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            with faults("task:fail"):
                return [_failure_of(lambda: runtime.run(X)), _failure_of(lambda: runtime.run_async(X).result())]

        yield call


@scenario
def kept_tensors_cannot_be_written(one: Path, _two: Path) -> Iterator[Call]:
    """Their folder has become a file when the model runs."""
    folder = one.parent / "kept"
    with HB_HBMRuntime(str(one), keep="*", keep_path=str(folder)) as runtime:
        if folder.is_dir():
            folder.rmdir()
        folder.write_bytes(b"")
        yield lambda: _failure_of(lambda: runtime.run(X))
