"""dequantize() and quantize() against formulas written with numpy, bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.gil import ticks_during
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, InputError, QuantParams, dequantize, hbDNNDataType, hbDNNQuantiType, quantize

Array = npt.NDArray[Any]
INTEGERS = [np.dtype(name) for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32")]
FLOATS = [np.dtype(name) for name in ("float16", "float32", "float64")]


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


@pytest.mark.parametrize(
    "dtype", [hbDNNDataType.S16, np.int16, "int16", np.dtype("<i2")], ids=["enum", "type", "name", "dtype"]
)
def test_the_result_type_in_every_spelling(dtype: Any) -> None:
    assert quantize(np.ones(3, np.float32), QuantParams(scale=0.5), dtype).dtype == np.int16


class OtherType:
    """A member of somebody else's enum."""

    value = 1


@pytest.mark.parametrize(
    "quant",
    [
        {"scale": [0.5, 2.0], "zero_point": [1, 2], "axis": 1, "quant_type": hbDNNQuantiType.SCALE},
        {"scale": np.array([0.5, 2.0]), "zero_point": np.array([1.0, 2.0]), "axis": -1},
        {"scale": (0.5, 2.0), "zero_point": (1, 2), "axis": np.int64(1), "quant_type": 1},
        SimpleNamespace(scale=[0.5, 2.0], zero_point=[1, 2], axis=1, quant_type="SCALE"),
        SimpleNamespace(scale=[0.5, 2.0], zero_point=[1, 2], axis=1, quant_type=OtherType()),
    ],
    ids=["mapping", "arrays", "tuples", "object", "other enum"],
)
def test_parameters_may_be_anything_that_has_their_names(quant: Any) -> None:
    array = np.array([[3, 4], [5, 6]], np.int8)
    assert dequantize(array, quant).tolist() == [[1.0, 4.0], [2.0, 8.0]]
    assert quantize(np.array([[1.0, 4.0]]), quant, "int8").tolist() == [[3, 4]]


def test_parameters_that_say_none_may_carry_a_vestigial_scale() -> None:
    quant = {"scale": [0.5, 0.25], "zero_point": [], "axis": 0, "quant_type": 0}
    assert dequantize(np.array([3, 4, 5], np.int32), quant).tolist() == [3, 4, 5]


def test_an_output_may_share_memory_with_the_input() -> None:
    array = np.arange(-50, 50, dtype=np.int32)
    expected = expected_real(array, QuantParams(scale=0.5, zero_point=3))
    shared = array.view(np.float32)
    dequantize(array, QuantParams(scale=0.5, zero_point=3), out=shared[::-1])
    np.testing.assert_array_equal(shared[::-1], expected)


def test_padding_of_a_result_is_left_alone() -> None:
    memory = np.full((4, 8), 9, np.float32)
    dequantize(np.zeros((4, 5), np.int8), QuantParams(scale=1.0), out=memory[:, :5])
    assert (memory[:, 5:] == 9).all()


def test_other_objects_that_give_an_array_are_accepted() -> None:
    assert dequantize(memoryview(bytes([1, 2])), QuantParams(scale=2.0)).tolist() == [2.0, 4.0]  # type: ignore[arg-type]


HALF = QuantParams(scale=0.5)
MANY = np.zeros((16, 512, 1024), np.int8)
MANY_REALS = np.zeros((4, 512, 1024), np.float32)


@pytest.mark.parametrize("work", [lambda: dequantize(MANY, HALF), lambda: quantize(MANY_REALS, HALF, np.int8)])
def test_other_threads_run_meanwhile(work: Callable[[], object]) -> None:
    assert ticks_during(lambda: [work() for _ in range(4)]) > 1


def test_the_measure_of_that_sees_a_held_lock() -> None:
    assert ticks_during(lambda: sum(range(1_000_000))) <= 1


def test_tensor_views_convert_with_their_own_parameters(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.quantised())
    model = runtime.model("quantised")
    x = np.arange(-30, 30, dtype=np.int8).reshape(1, 4, 3, 5)
    for name, output in model.run(x).items():
        info = model.outputs[name]
        assert_same_bits(info.dequantize(output), dequantize(output, info.quant))
    real = model.inputs["x"].dequantize(x)
    np.testing.assert_array_equal(model.inputs["x"].quantize(real), x)
    with pytest.raises(InputError, match="tensor 's32': dequantize") as caught:
        model.outputs["s32"].dequantize(np.zeros((1, 2), np.int32))
    assert caught.value.tensor == "s32"


def test_tensor_views_with_floating_elements_store_values_as_they_are(models: ModelFactory) -> None:
    info = HB_HBMRuntime(models.scaled(2)).model("times_2").inputs["x"]
    real = np.array([[0.1, 1.5, np.nan], [1, 2, 3]])
    assert_same_bits(info.quantize(real), real.astype(np.float32))
    assert_same_bits(info.dequantize(real.astype(np.float32)), real.astype(np.float32))
    out = np.zeros((2, 3), np.float32)
    assert info.quantize(real, out=out) is out
    with pytest.raises(InputError, match=r"tensor 'x': out must be float32 \[2, 3\], given float64 \[2, 3\]"):
        info.quantize(real, out=out.astype(np.float64))
