"""What quantised values stand for, computed with numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hbm_runtime import QuantParams

Array = npt.NDArray[Any]


def along(values: Array, axis: int, rank: int) -> Array:
    """Values of an axis, or one value, in a shape that numpy broadcasts against an array of that rank."""
    if values.size == 1:
        return values.reshape(())
    shape = [1] * rank
    shape[axis] = values.size
    return values.reshape(shape)


def expected_real(array: Array, params: QuantParams) -> Array:
    """An exact integer difference, rounded to float32, times the scale in float32."""
    scale = along(params.scale, params.axis, array.ndim)
    zero_point = along(params.zero_point if params.zero_point.size else np.zeros(1, np.int32), params.axis, array.ndim)
    return (array.astype(np.int64) - zero_point).astype(np.float32) * scale


def expected_stored(array: Array, params: QuantParams, dtype: np.dtype[Any]) -> Array:
    """What numpy makes of the formula: a quotient of at least float32, a sum in float64, halves to even."""
    scale = along(params.scale, params.axis, array.ndim)
    zero_point = along(params.zero_point if params.zero_point.size else np.zeros(1, np.int32), params.axis, array.ndim)
    with np.errstate(all="ignore"):
        quotient = (array.astype(np.promote_types(array.dtype, np.float32)) / scale).astype(np.float64)
    value = np.where(np.isnan(quotient), zero_point, np.rint(quotient + zero_point))
    return np.clip(value, np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)


def assert_same_bits(got: Array, expected: Array) -> None:
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if got.tobytes() != expected.tobytes():  # equal numbers with other bits: the sign of 0, the payload of NaN
        np.testing.assert_array_equal(got, expected)
        different = np.flatnonzero(got.view(f"u{got.itemsize}") != expected.view(f"u{got.itemsize}"))
        raise AssertionError(f"other bits at {different[:5]}")
