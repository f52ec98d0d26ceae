"""The element types that a tensor can have, and arrays of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NUMPY_OF: dict[str, np.dtype[Any]] = {
    "S8": np.dtype(np.int8),
    "U8": np.dtype(np.uint8),
    "F16": np.dtype(np.float16),
    "S16": np.dtype(np.int16),
    "U16": np.dtype(np.uint16),
    "F32": np.dtype(np.float32),
    "S32": np.dtype(np.int32),
    "U32": np.dtype(np.uint32),
    "F64": np.dtype(np.float64),
    "S64": np.dtype(np.int64),
    "U64": np.dtype(np.uint64),
    "BOOL8": np.dtype(np.bool_),
}
"""Names of ``hbDNNDataType`` that models can use, with the numpy type of each."""

VALUE_OF: dict[str, int] = {
    "S4": 0,
    "U4": 1,
    "S8": 2,
    "U8": 3,
    "F16": 4,
    "S16": 5,
    "U16": 6,
    "F32": 7,
    "S32": 8,
    "U32": 9,
    "F64": 10,
    "S64": 11,
    "U64": 12,
    "BOOL8": 13,
    "MAX": 14,
}
"""Members of ``hbDNNDataType`` with their numbers, as the manuals list them."""


def sample(dtype: np.dtype[Any], shape: tuple[int, ...], seed: int = 1) -> Array:
    """Values all over the range of ``dtype``, the extremes first; infinities and a NaN for floats."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    values: Array
    extremes: list[float | int]
    if dtype.kind == "b":
        values, extremes = rng.integers(0, 2, count).astype(dtype), [True, False]
    elif dtype.kind == "f":
        limits = np.finfo(dtype)
        values = rng.normal(0, 100, count).astype(dtype)
        extremes = [limits.max, limits.min, np.nan, np.inf, -np.inf, -0.0, limits.smallest_subnormal]
    else:
        bounds = np.iinfo(dtype)
        values = rng.integers(bounds.min, bounds.max, count, dtype=dtype, endpoint=True)
        extremes = [bounds.max, bounds.min, 1, 0]
    for i, extreme in enumerate(extremes[:count]):
        values[i] = extreme
    return values.reshape(shape)
