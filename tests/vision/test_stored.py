"""Thresholds on stored integers decide exactly as on the dequantised values."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hbm_runtime import QuantParams, dequantize
from hbm_runtime.vision.stored import Rows

DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32")


@st.composite
def quantised(draw: Any) -> tuple[np.ndarray[Any, Any], QuantParams, float]:
    """Rows of integers around the threshold, their parameters, the threshold."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    channels = draw(st.integers(1, 4))
    count = draw(st.sampled_from([1, channels]))
    scale = draw(st.lists(st.floats(2.0**-30, 2.0**13, width=32), min_size=count, max_size=count))
    limits = np.iinfo(dtype)
    zero = draw(
        st.lists(st.integers(max(limits.min, -(2**20)), min(limits.max, 2**20)), min_size=count, max_size=count)
    )
    threshold = draw(st.floats(-100, 100, width=32) | st.sampled_from([0.0, np.inf, -np.inf]))
    quant = QuantParams(scale=scale, zero_point=zero if draw(st.booleans()) else None, axis=-1)
    middle = 0 if np.isinf(threshold) else int(np.clip(threshold / scale[0], limits.min, limits.max))
    near = [int(np.clip(middle + step, limits.min, limits.max)) for step in range(-8, 9)]
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    rows = rng.integers(limits.min, limits.max, (40, channels), dtype, endpoint=True)
    rows[: len(near)] = np.array(near, dtype)[:, None]
    return rows, quant, threshold


@settings(max_examples=300, deadline=None)
@given(quantised())
def test_integers_reach_a_threshold_when_their_real_values_do(case: Any) -> None:
    stored, quant, threshold = case
    rows = Rows(stored, quant)
    real = dequantize(stored, quant)
    np.testing.assert_array_equal(rows.real(slice(None)), real)
    np.testing.assert_array_equal(rows.reaches(threshold), real >= np.float32(threshold))


def test_columns_keep_their_scales() -> None:
    stored = np.arange(24, dtype=np.int32).reshape(1, 2, 3, 4)
    quant = QuantParams(scale=[1, 10, 100, 1000], zero_point=[0, 1, 2, 3], axis=3)
    rows = Rows(stored, quant)
    assert np.shares_memory(rows.stored, stored)
    part = rows.columns(1, 3)
    np.testing.assert_array_equal(part.real(slice(None)), dequantize(stored, quant).reshape(-1, 4)[:, 1:3])
    planar = Rows(
        stored.transpose(0, 3, 1, 2), QuantParams(scale=quant.scale, zero_point=quant.zero_point, axis=1), channels=1
    )
    np.testing.assert_array_equal(planar.real(slice(None)), rows.real(slice(None)))


def test_scales_along_another_dimension_are_applied_at_once() -> None:
    stored = np.arange(24, dtype=np.int16).reshape(1, 2, 3, 4)
    quant = QuantParams(scale=[0.5, 2], axis=1)
    np.testing.assert_array_equal(Rows(stored, quant).real(slice(None)), dequantize(stored, quant).reshape(-1, 4))


def test_what_has_no_scale_is_compared_as_it_is() -> None:
    integers = np.arange(-4, 5, dtype=np.int8)[:, None]
    for quant in (None, QuantParams()):
        np.testing.assert_array_equal(Rows(integers, quant).reaches(0.5), integers >= 1)
    floats = integers.astype(np.float16)
    np.testing.assert_array_equal(Rows(floats, QuantParams(scale=[0.1])).reaches(0.5), floats >= 1)
