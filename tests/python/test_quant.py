"""dequantize() and quantize() against formulas written with numpy, bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.quant_reference import assert_same_bits, expected_real, expected_stored

from hbm_runtime import QuantParams, dequantize, quantize

Array = npt.NDArray[Any]
INTEGERS = [np.dtype(name) for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32")]
FLOATS = [np.dtype(name) for name in ("float16", "float32", "float64")]


def any_values(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    limits = np.iinfo(dtype)
    array = np.asarray(rng.integers(limits.min, limits.max, shape, dtype, endpoint=True))
    array.reshape(-1)[: min(2, array.size)] = [limits.min, limits.max][: min(2, array.size)]
    return array


def any_reals(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    with np.errstate(over="ignore"):
        array = np.asarray(rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 6, shape)).astype(dtype)
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5]
    array.reshape(-1)[: len(special)] = special[: array.size]
    return array


def params_for(
    rng: np.random.Generator, shape: tuple[int, ...], axis: int | None, zero_points: str, reach: int = 1000
) -> QuantParams:
    count = 1 if axis is None else shape[axis]
    scale = (rng.random(count) * 3 + 1e-3).astype(np.float32)
    zero_point = {
        "none": np.zeros(0, np.int32),
        "zero": np.zeros(count, np.int32),
        "one for all": rng.integers(-reach, reach, 1),
        "each": rng.integers(-reach, reach, count),
    }[zero_points]
    return QuantParams(scale=scale, zero_point=zero_point, axis=0 if axis is None else axis)


def padded(array: Array) -> Array:
    """The same values with unused bytes after every row, as the device lays its outputs out."""
    wide = np.full((*array.shape[:-1], array.shape[-1] + 5), 77, array.dtype)
    wide[..., : array.shape[-1]] = array
    return wide[..., : array.shape[-1]]


def unaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    memory[...] = array
    return memory


def every_second(array: Array) -> Array:
    spread = np.full((*array.shape[:-1], array.shape[-1] * 2), 77, array.dtype)
    spread[..., ::2] = array
    return spread[..., ::2]


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "dense": np.ascontiguousarray,
    "padded rows": padded,
    "Fortran order": np.asfortranarray,
    "every second element": every_second,
    "backwards": lambda array: np.ascontiguousarray(array[..., ::-1])[..., ::-1],
    "transposed": lambda array: np.ascontiguousarray(np.moveaxis(array, 1, -1)).transpose(0, 3, 1, 2),
    "unaligned": unaligned,
}
SHAPE = (2, 3, 7, 5)
AXES = [None, 0, 1, 2, 3, -1, -2, -3, -4]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("zero_points", ["none", "zero", "one for all", "each"])
@pytest.mark.parametrize("axis", AXES, ids=lambda axis: f"axis {axis}")
def test_every_type_axis_zero_point_and_layout(axis: int | None, zero_points: str, layout: str) -> None:
    rng = np.random.default_rng(7)
    for dtype in INTEGERS:
        params = params_for(rng, SHAPE, axis, zero_points)
        stored = any_values(rng, SHAPE, dtype)
        out = LAYOUTS[layout](np.zeros(SHAPE, np.float32))
        assert_same_bits(dequantize(LAYOUTS[layout](stored), params), expected_real(stored, params))
        assert dequantize(stored, params, out=out) is out
        assert_same_bits(out, expected_real(stored, params))
        for real_dtype in FLOATS:
            real = any_reals(rng, SHAPE, real_dtype)
            result = LAYOUTS[layout](np.zeros(SHAPE, dtype))
            assert_same_bits(quantize(LAYOUTS[layout](real), params, dtype), expected_stored(real, params, dtype))
            assert quantize(real, params, dtype, out=result) is result
            assert_same_bits(result, expected_stored(real, params, dtype))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((), None),
        ((1,), None),
        ((0,), None),
        ((4, 0, 3), 0),
        ((1000,), 0),
        ((1, 1, 600, 4), 3),
        ((1, 84, 4), 1),
        ((3, 700), 1),
        ((1, 64, 40, 40), 1),
        ((1, 40, 40, 64), 3),
        ((5, 1, 1300), 0),
        ((2, 1, 1, 1, 3, 1, 1, 1, 1, 600), 4),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_every_length_of_rows_and_channels(shape: tuple[int, ...], axis: int | None, dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(3)
    params = params_for(rng, shape, axis, "each")
    stored = any_values(rng, shape, dtype)
    real = any_reals(rng, shape, np.dtype(np.float32))
    assert_same_bits(dequantize(stored, params), np.asarray(expected_real(stored, params)))
    assert_same_bits(quantize(real, params, dtype), np.asarray(expected_stored(real, params, dtype)))


@pytest.mark.parametrize("zero_point", [0, 1, -1, 2**30, -(2**30), 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_zero_points_up_to_the_limits_of_their_type(dtype: np.dtype[Any], zero_point: int) -> None:
    rng = np.random.default_rng(5)
    params = QuantParams(scale=0.25, zero_point=zero_point)
    stored = any_values(rng, (999,), dtype)
    real = any_reals(rng, (999,), np.dtype(np.float32))
    assert_same_bits(dequantize(stored, params), expected_real(stored, params))
    assert_same_bits(quantize(real, params, dtype), expected_stored(real, params, dtype))


shapes = hnp.array_shapes(min_dims=1, max_dims=5, min_side=1, max_side=9)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_array_with_any_parameters(data: st.DataObject) -> None:
    shape = data.draw(shapes)
    dtype = data.draw(st.sampled_from(INTEGERS))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = data.draw(st.sampled_from([1, shape[axis]]))
    scale = data.draw(hnp.arrays(np.float32, count, elements=st.floats(2.0**-40, 2.0**40, width=32)))
    zero_point = data.draw(
        st.one_of(
            st.just(np.zeros(0, np.int32)),
            hnp.arrays(np.int32, data.draw(st.sampled_from([1, count])), elements=st.integers(-(2**31), 2**31 - 1)),
        )
    )
    params = QuantParams(scale=scale, zero_point=zero_point, axis=axis)
    stored = data.draw(hnp.arrays(dtype, shape))
    real = data.draw(hnp.arrays(data.draw(st.sampled_from(FLOATS)), shape))
    steps = data.draw(st.tuples(*[st.sampled_from([1, -1]) for _ in shape]))
    view = tuple(slice(None, None, step) for step in steps)
    if count == 1:
        stored, real = stored[view], real[view]
    assert_same_bits(dequantize(stored, params), expected_real(stored, params))
    assert_same_bits(quantize(real, params, dtype), expected_stored(real, params, dtype))


@pytest.mark.parametrize("dtype", INTEGERS[:4], ids=str)
def test_what_was_quantised_comes_back(dtype: np.dtype[Any]) -> None:
    params = QuantParams(scale=0.1, zero_point=3)
    every = np.arange(np.iinfo(dtype).min, np.iinfo(dtype).max + 1).astype(dtype)
    np.testing.assert_array_equal(quantize(dequantize(every, params), params, dtype), every)


@pytest.mark.parametrize(
    ("value", "zero_point", "dtype", "stored"),
    [
        (0.5, 0, "int8", 0),
        (1.5, 0, "int8", 2),
        (2.5, 0, "int8", 2),
        (-0.5, 0, "int8", 0),
        (-1.5, 0, "int8", -2),
        (0.5, 1, "int8", 2),  # the zero point is added before rounding
        (126.5, 0, "int8", 126),
        (127.5, 0, "int8", 127),
        (1e9, 0, "int8", 127),
        (-1e9, 0, "uint8", 0),
        (np.inf, 0, "int16", 32767),
        (-np.inf, 5, "int16", -32768),
        (np.inf, 0, "uint32", 2**32 - 1),
        (-np.inf, 0, "int32", -(2**31)),
        (np.nan, 0, "int32", 0),
        (np.nan, 128, "uint8", 128),
        (np.nan, -7, "uint8", 0),
        (3e9, 0, "uint32", 3_000_000_000),
        (3e9, 0, "int32", 2**31 - 1),
    ],
)
def test_rounding_and_clipping(value: float, zero_point: int, dtype: str, stored: int) -> None:
    params = QuantParams(scale=1.0, zero_point=zero_point)
    for count in (1, 40):  # a remainder, and whole vectors
        result = quantize(np.full(count, value, np.float64), params, dtype)
        assert result.tolist() == [stored] * count


@pytest.mark.parametrize("dtype", ["bool", "int64", "uint64", "int32", "uint8", "float16", "float32", "float64"])
def test_without_quantisation_values_stay_as_they_are(dtype: str) -> None:
    array = np.array([[0, 1, 2], [3, 100, 55]]).astype(dtype)
    assert_same_bits(dequantize(array, QuantParams()), array.astype(np.float32))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floating_outputs_are_real_already_even_with_a_scale(dtype: np.dtype[Any]) -> None:
    array = any_reals(np.random.default_rng(1), (5, 9), dtype)
    with np.errstate(over="ignore"):
        assert_same_bits(dequantize(array, QuantParams(scale=0.5, zero_point=3)), array.astype(np.float32))


def test_every_float16_is_converted_exactly() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    got, expected = dequantize(halves, QuantParams()), halves.astype(np.float32)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


def test_quantize_without_quantisation_rounds() -> None:
    assert quantize(np.array([0.4, 1.5, 300.0], np.float32), QuantParams(), "uint8").tolist() == [0, 2, 255]
