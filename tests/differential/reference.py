"""What ONNX Runtime itself gives, with one thread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from support.dtypes import Array

_ALIGNMENT = 64
_SILENT = 4


class Refused(Exception):
    """ONNX Runtime does not load the model."""


class Reference:
    """A session of ONNX Runtime. Raises Refused when there can be none."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _SILENT
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the engine's exceptions have no common base
            raise Refused(str(error)) from error

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array] | str:
        """All outputs by name, or why there are none."""
        names = [output.name for output in self._session.get_outputs()]
        options = onnxruntime.RunOptions()
        options.log_severity_level = _SILENT
        given = {name: _aligned(array) for name, array in inputs.items()}
        try:
            values = self._session.run(names, given, options)
        except Exception as error:
            return str(error)
        # Copies: older engines hand the memory of an input out where it is an output, too, and keep nothing alive.
        return {name: np.array(value) for name, value in zip(names, values, strict=True)}


def _aligned(array: Array) -> Array:
    """A copy where the engine's own memory would begin: kernels take another way over other addresses."""
    room = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    begin = -room.ctypes.data % _ALIGNMENT
    copy: Array = room[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def difference(given: Any, wanted: Array) -> str:
    """In which way an array differs from another one; "" when they are equal bit for bit, any NaN counting as NaN."""
    if not isinstance(given, np.ndarray):
        return f"{type(given).__name__} instead of an array"
    if given.dtype != wanted.dtype or given.shape != wanted.shape:
        return f"{given.dtype} {list(given.shape)} instead of {wanted.dtype} {list(wanted.shape)}"
    if not wanted.size:
        return ""
    dense, expected = np.ascontiguousarray(given).reshape(-1), np.ascontiguousarray(wanted).reshape(-1)
    unequal = (dense.view(np.uint8) != expected.view(np.uint8)).reshape(dense.size, -1).any(axis=1)
    if dense.dtype.kind == "f":
        unequal &= ~(np.isnan(dense) & np.isnan(expected))
    if not unequal.any():
        return ""
    at = int(np.flatnonzero(unequal)[0])
    return f"{int(unequal.sum())} of {dense.size} elements differ, first at {at}: {dense[at]} instead of {expected[at]}"
