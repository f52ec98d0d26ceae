"""Integer outputs and inputs: what they are made of, and that their real values are those of the float model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import (
    DataType,
    FeatureInput,
    ModelOptions,
    PackError,
    PackWarning,
    Quantise,
    build_model,
    pack,
)

from .small_models import model, reference

pytestmark = pytest.mark.usefixtures("trials_here")

Array = NDArray[Any]
SHAPE = (1, 3, 10, 12)


def samples(count: int = 3) -> list[dict[str, Array]]:
    random = np.random.default_rng(5)
    return [{"x": random.normal(size=SHAPE).astype(np.float32)} for _ in range(count)]


def conv_model(tail: list[Any] | None = None, output: str = "c", shape: tuple[int, ...] = (1, 7, 10, 12)) -> ModelProto:
    """A convolution with very different channels, and what follows it."""
    random = np.random.default_rng(4)
    weights = random.normal(size=(7, 3, 3, 3)) * np.logspace(-3, 2, 7).reshape(7, 1, 1, 1)
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1], name="/head/Conv"), *(tail or [])]
    constants = {"w": weights.astype(np.float32), "b": random.normal(size=7).astype(np.float32)}
    return model(nodes, [("x", TensorProto.FLOAT, SHAPE)], [(output, TensorProto.FLOAT, shape)], constants)


TRANSPOSED = conv_model(
    [helper.make_node("Transpose", ["c"], ["out"], perm=[0, 2, 3, 1], name="/head/Transpose")], "out", (1, 10, 12, 7)
)
ACTIVATED = conv_model([helper.make_node("Sigmoid", ["c"], ["out"], name="/act")], "out")
DTYPES: dict[DataType, Any] = {
    DataType.S8: np.int8,
    DataType.U8: np.uint8,
    DataType.S16: np.int16,
    DataType.S32: np.int32,
}


def dequantised(values: Array, quant: Any, axis: int | None = None) -> Array:
    axis = quant.axis if axis is None else axis
    shape = [1] * values.ndim
    if quant.scale.size > 1:
        shape[axis] = -1
        integers = values.astype(np.float64) - quant.zero_point.reshape(shape)
        return np.asarray(integers * quant.scale.reshape(shape).astype(float))
    return np.asarray((values.astype(np.float64) - quant.zero_point) * float(quant.scale[0]))


def run_packed(path: Path, given: dict[str, Array]) -> tuple[Array, Any, HB_HBMRuntime]:
    runtime = HB_HBMRuntime(str(path))
    name = runtime.model_names[0]
    output = runtime.output_names[name][0]
    return runtime.run(given)[name][output], runtime.output_quants[name][output], runtime


@pytest.mark.parametrize("axis", [-1, 1, 2, 3])
@pytest.mark.parametrize("dtype", [DataType.S8, DataType.S16, DataType.S32])
def test_measured_scales_give_back_the_float_output_within_half_a_step(
    dtype: DataType, axis: int, tmp_path: Path
) -> None:
    options = ModelOptions(outputs={"c": Quantise(dtype, axis=axis)}, samples=samples(), trial_seconds=0)
    pack(conv_model(), tmp_path / "m.hbm", options)
    values, quant, _ = run_packed(tmp_path / "m.hbm", samples()[1])
    assert values.dtype == DTYPES[dtype]
    assert quant.quant_type.name == "SCALE"
    assert quant.scale.size == (1 if axis == -1 else conv_shape(axis))
    expected = reference(conv_model(), samples()[1])["c"]
    shape = [1] * 4
    if axis >= 0:
        shape[axis] = -1
    step = quant.scale.reshape(shape)
    # The engine's optimised convolution differs from the plain one in the last bits of its float32 sums.
    assert np.all(np.abs(dequantised(values, quant) - expected) <= step * 0.5001 + np.abs(expected).max() * 1e-6)


def conv_shape(axis: int) -> int:
    return (1, 7, 10, 12)[axis]


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point", "axis"),
    [
        (DataType.S8, (0.05,), (), None),
        (DataType.S8, (0.05,), (-7,), None),
        (DataType.U8, (0.05,), (128,), None),
        (DataType.S16, tuple(np.linspace(0.001, 0.1, 7)), (), 1),
        (DataType.S8, tuple(np.linspace(0.01, 0.1, 12)), tuple(range(-6, 6)), 3),
        (DataType.S32, (1e-4,), (1000,), None),
        (DataType.S32, tuple(np.linspace(1e-5, 1e-3, 7)), (), 1),
        (DataType.S32, (1e-12,), (), None),
    ],
)
def test_given_scales_round_half_to_even_and_saturate(
    dtype: DataType, scale: tuple[float, ...], zero_point: tuple[int, ...], axis: int | None, tmp_path: Path
) -> None:
    options = ModelOptions(outputs={"c": Quantise(dtype, scale, zero_point, axis)}, trial_seconds=0)  # tried below
    pack(conv_model(), tmp_path / "m.hbm", options)
    values, quant, _ = run_packed(tmp_path / "m.hbm", samples()[0])
    np.testing.assert_array_equal(quant.scale, np.array(scale, np.float32))
    shape = [1] * 4
    if len(scale) > 1 and axis is not None:
        shape[axis] = -1
    expected = reference(conv_model(), samples()[0])["c"]
    limits = np.iinfo(DTYPES[dtype])
    steps = np.round(expected / np.array(scale, np.float32).reshape(shape)).astype(np.float64)
    steps = steps + np.array(zero_point or 0).reshape(shape if len(zero_point) > 1 else ())
    wanted = np.clip(steps, limits.min, min(limits.max, 2147483520)).astype(np.int64)
    # The engine's optimised convolution differs from the plain one in the last bits of its float32 sums.
    noise = np.abs(expected).max() * 1e-6 / np.array(scale).reshape(shape)
    assert np.all(np.abs(values.astype(np.int64) - wanted) <= np.where(noise > 0.01, np.ceil(noise), 0))


def test_a_final_convolution_becomes_s32_with_a_scale_for_each_channel(tmp_path: Path) -> None:
    options = ModelOptions(march="nash-e", remove_types=["Dequantize"], samples=samples())
    pack(TRANSPOSED, tmp_path / "m.hbm", options)
    values, quant, runtime = run_packed(tmp_path / "m.hbm", samples()[0])
    assert values.dtype == np.int32
    assert (quant.axis, quant.scale.size) == (3, 7)
    name = runtime.model_names[0]
    assert runtime.output_strides[name]["out"] == [10 * 12 * 32, 12 * 32, 32, 4]
    expected = reference(TRANSPOSED, samples()[0])["out"]
    np.testing.assert_allclose(dequantised(values, quant), expected, atol=float(quant.scale.max()))


@pytest.mark.parametrize("dtype", [DataType.S8, DataType.S16])
def test_what_no_convolution_computes_becomes_the_default_type(dtype: DataType, tmp_path: Path) -> None:
    options = ModelOptions(remove_types=["Dequantize"], samples=samples(), default_output_dtype=dtype)
    pack(ACTIVATED, tmp_path / "m.hbm", options)
    values, quant, _ = run_packed(tmp_path / "m.hbm", samples()[0])
    assert values.dtype == DTYPES[dtype]
    assert quant.scale.size == 1
    expected = reference(ACTIVATED, samples()[0])["out"]
    np.testing.assert_allclose(dequantised(values, quant), expected, atol=float(quant.scale[0]) * 0.501)


def qdq_model(
    kind: type, *, per_channel: bool = False, transpose: bool = False, opset: int = 13, zero: int = 3
) -> ModelProto:
    """Conv, QuantizeLinear, DequantizeLinear, optionally a Transpose behind them."""
    scale = np.linspace(0.02, 0.05, 7) if per_channel else np.array(0.03)
    zeros = np.full(scale.shape, 0 if per_channel else zero)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("QuantizeLinear", ["c", "s", "z"], ["q"], axis=1, name="quantise"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d" if transpose else "out"], axis=1, name="dequantise"),
    ]
    if transpose:
        nodes.append(helper.make_node("Transpose", ["d"], ["out"], perm=[0, 2, 3, 1], name="transpose"))
    constants = {
        "w": np.random.default_rng(1).normal(size=(7, 3, 3, 3)).astype(np.float32) * 0.3,
        "s": scale.astype(np.float32),
        "z": zeros.astype(kind),
    }
    shape = (1, 10, 12, 7) if transpose else (1, 7, 10, 12)
    return model(nodes, [("x", 1, SHAPE)], [("out", 1, shape)], constants, opset)


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(("kind", "opset"), [(np.int8, 13), (np.uint8, 13), (np.int16, 21)])
def test_the_graphs_own_dequantize_tells_type_and_scale(
    kind: type, opset: int, per_channel: bool, transpose: bool, tmp_path: Path
) -> None:
    trained = qdq_model(kind, per_channel=per_channel, transpose=transpose, opset=opset)
    pack(trained, tmp_path / "m.hbm", ModelOptions(remove_types=["Dequantize"]))
    values, quant, _ = run_packed(tmp_path / "m.hbm", samples()[0])
    assert values.dtype == kind
    if per_channel:
        assert quant.axis == (3 if transpose else 1)
    else:
        assert (quant.scale.tolist(), quant.zero_point.tolist()) == ([np.float32(0.03)], [3])
    expected = reference(trained, samples()[0])["out"]
    np.testing.assert_allclose(dequantised(values, quant), expected, rtol=1e-6, atol=1e-7)


def test_a_quantised_convolution_gives_its_integer_sums(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    weights = random.integers(-127, 128, (7, 3, 3, 3)).astype(np.int8)
    scales = np.linspace(0.001, 0.004, 7).astype(np.float32)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"]),
        helper.make_node("DequantizeLinear", ["wq", "sw", "zw"], ["wd"], axis=0),
        helper.make_node("Conv", ["xd", "wd"], ["out"], pads=[1, 1, 1, 1]),
    ]
    constants: dict[str, Array] = {
        "sx": np.array(0.02, np.float32),
        "zx": np.array(0, np.int8),
        "wq": weights,
        "sw": scales,
        "zw": np.zeros(7, np.int8),
    }
    trained = model(nodes, [("x", 1, SHAPE)], [("out", 1, (1, 7, 10, 12))], constants)
    pack(trained, tmp_path / "m.hbm", ModelOptions(remove_types=["Dequantize"]))
    given = samples()[0]
    values, quant, _ = run_packed(tmp_path / "m.hbm", given)
    pixels = np.clip(np.round(given["x"] / np.float32(0.02)), -128, 127).astype(np.int64)
    padded = np.pad(pixels, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    sums = np.einsum("nchwij,ocij->nohw", windows, weights.astype(np.int64))
    np.testing.assert_array_equal(values, sums)
    np.testing.assert_allclose(quant.scale, scales * np.float32(0.02), rtol=1e-6)


def test_s32_scales_without_samples_have_room_and_warn(tmp_path: Path) -> None:
    with pytest.warns(PackWarning, match="no calibration samples"):
        pack(TRANSPOSED, tmp_path / "m.hbm", ModelOptions(remove_types=["Dequantize"]))
    loud = {"x": samples()[0]["x"] * 300}
    values, quant, _ = run_packed(tmp_path / "m.hbm", loud)
    expected = reference(TRANSPOSED, loud)["out"]
    np.testing.assert_allclose(dequantised(values, quant), expected, rtol=1e-5, atol=float(quant.scale.max()))


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_an_input_in_front_of_the_graphs_own_quantize_takes_integers(kind: type, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], name="in_quantise"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("Mul", ["d", "two"], ["out"]),
    ]
    constants = {"s": np.array(0.1, np.float32), "z": np.array(5, kind), "two": np.array(2, np.float32)}
    trained = model(nodes, [("x", 1, SHAPE)], [("out", 1, SHAPE)], constants)
    pack(trained, tmp_path / "m.hbm", ModelOptions(name="m", remove_types=["Quantize"]))
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    quant = runtime.input_quants["m"]["x"]
    assert runtime.input_dtypes["m"]["x"].name == {np.int8: "S8", np.uint8: "U8"}[kind]  # type: ignore[index]
    assert (quant.scale.tolist(), quant.zero_point.tolist()) == ([np.float32(0.1)], [5])
    given: Array = np.random.default_rng(0).integers(0, 100, SHAPE).astype(kind)
    outputs = runtime.run({"x": given})["m"]["out"]
    np.testing.assert_allclose(outputs, (given.astype(np.float32) - 5) * np.float32(0.1) * 2, rtol=1e-6)


@pytest.mark.parametrize(
    "wanted",
    [
        Quantise(DataType.S16, (0.01,), (3,)),
        Quantise(DataType.S8),
        Quantise(DataType.S8, axis=1),
        Quantise(DataType.U8, (0.01, 0.02, 0.03), (1, 2, 3), 1),
    ],
)
def test_a_float_input_can_take_integers(wanted: Quantise, tmp_path: Path) -> None:
    options = ModelOptions(name="m", inputs={"x": FeatureInput(wanted)}, samples=samples())
    pack(conv_model(), tmp_path / "m.hbm", options)
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    quant = runtime.input_quants["m"]["x"]
    kind = np.dtype(DTYPES[wanted.dtype or DataType.S8])
    given = np.random.default_rng(0).integers(0, 100, SHAPE).astype(kind)
    real = dequantised(given, quant, wanted.axis if wanted.axis is not None else -1).astype(np.float32)
    expected = reference(conv_model(), {"x": real})["c"]
    np.testing.assert_allclose(runtime.run({"x": given})["m"]["c"], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": {"nothing": Quantise()}}, "no output 'nothing'; the outputs are 'c'"),
        ({"outputs": {"c": Quantise(DataType.S8)}}, "the scale of 'c' is neither in the graph nor given"),
        ({"outputs": {"c": Quantise(DataType.F32, (1.0,))}}, "F32 is no type for quantised outputs"),
        ({"outputs": {"c": Quantise(DataType.S8, (1.0, 2.0))}}, "2 scales need an axis"),
        ({"outputs": {"c": Quantise(DataType.S8, (1.0, 2.0), axis=1)}}, "2 scales for 7 channels of axis 1"),
        ({"outputs": {"c": Quantise(DataType.S8, (1.0,), (1, 2, 3))}}, "3 zero points for 1 scales"),
        *(({"outputs": {"c": Quantise(DataType.S8, (s,))}}, "scales must be positive") for s in (0.0, float("nan"))),
        ({"outputs": {"c": Quantise(DataType.S8, (1.0,), axis=4)}}, "axis 4 of 4 dimensions"),
        ({"inputs": {"x": FeatureInput(Quantise(DataType.S32, (1.0,)))}}, "S32 is no type for quantised inputs"),
        ({"inputs": {"x": FeatureInput(Quantise(DataType.S8))}}, "the scale of 'x' is neither"),
        ({"outputs": {"c": Quantise(DataType.S8)}, "samples": [{}]}, "sample 0 has no values for input 'x'"),
        (
            {"outputs": {"c": Quantise(DataType.S8)}, "samples": [{"x": np.full(SHAPE, np.nan, np.float32)}]},
            "not finite on calibration sample 0",
        ),
        (
            {"outputs": {"c": Quantise(DataType.S8)}, "samples": [{"x": np.zeros((1, 2), np.float32)}]},
            "cannot run the model on these inputs",
        ),
    ],
)
def test_impossible_quantisation_is_one_clear_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PackError, match=message):
        build_model(conv_model(), ModelOptions(**options))
