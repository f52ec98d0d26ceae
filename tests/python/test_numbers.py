"""Results against independent computations: numpy, OpenVINO, and ONNX Runtime's own Python interface."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto
from support import host_models, onnx_models
from support.checks import same_bits
from support.dtypes import Array
from support.model_factory import ModelFactory
from support.operators import OPERATORS

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer.container import HostFile


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_against_numpy(models: ModelFactory, name: str) -> None:
    operator = OPERATORS[name]
    path = models.onnx("operator_" + name.replace(" ", "_"), operator.model)
    with np.errstate(invalid="ignore"):
        expected = operator.expected()
    result = HB_HBMRuntime(path).run(operator.inputs())[path.stem]["y"]
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=operator.tolerance, atol=operator.tolerance)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of the rounding mode is that of x86")
def test_results_do_not_depend_on_how_the_callers_thread_rounds(models: ModelFactory) -> None:
    """Brief models are computed on it, as other libraries and numpy may have left it."""
    towards_zero, libm = 0xC00, ctypes.CDLL("libm.so.6")
    x = np.random.default_rng(4).normal(size=(2, 3)).astype(np.float32)
    with HB_HBMRuntime(models.scaled(1 / 3, "third")) as runtime:
        expected = runtime.run(x)["third"]["y"]
        before = libm.fegetround()
        try:
            assert libm.fesetround(towards_zero) == 0
            found = [runtime.run(x)["third"]["y"] for _ in range(3)]
            after = libm.fegetround()
        finally:
            libm.fesetround(before)
    assert after == towards_zero
    for each in found:
        assert same_bits(each, expected)


NETS: dict[str, tuple[Callable[[], ModelProto], dict[str, tuple[int, ...]]]] = {
    "f32": (onnx_models.conv_net, {"image": (1, 3, 32, 32)}),
    "QDQ": (onnx_models.qdq_net, {"image": (1, 3, 16, 16)}),
}


def picture(shape: tuple[int, ...], seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def engine_results(path: Path, inputs: dict[str, Array]) -> dict[str, Array]:
    """What ONNX Runtime's Python interface gives for the file, one thread."""
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs), strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("net", NETS)
def test_networks_agree_with_the_engines_own_interface_bit_for_bit(models: ModelFactory, net: str, seed: int) -> None:
    make, shapes = NETS[net]
    path = models.onnx(f"net_{net}", make)
    inputs = {name: picture(shape, seed) for name, shape in shapes.items()}
    expected = engine_results(path, inputs)
    result = HB_HBMRuntime(path).run(inputs)[path.stem]
    assert list(result) == list(expected)
    for name, values in expected.items():
        assert same_bits(result[name], values), name


def test_packing_with_padded_rows_changes_no_bit(models: ModelFactory) -> None:
    shape, heads = (1, 3, 32, 32), {"logits": (1, 10), "scores": (1, 10)}

    def padded(name: str, of: tuple[int, ...]) -> Any:
        return host_models.tensor(name, "F32", of, strides=host_models.padded_strides("F32", of, 256))

    packed = models.hbm(
        "packed_net",
        lambda: HostFile(
            models=(
                host_models.packed(
                    "packed_net",
                    onnx_models.conv_net(),
                    [padded("image", shape)],
                    [padded(name, of) for name, of in heads.items()],
                ),
            )
        ),
    )
    image = picture(shape, 3)
    plain = HB_HBMRuntime(models.conv_net()).run(image)["conv_net"]
    result = HB_HBMRuntime(packed).run(image)["packed_net"]
    assert all(same_bits(result[name], plain[name]) for name in heads)


@pytest.mark.no_sanitizer
def test_a_float_network_agrees_with_openvino_within_two_millionths(models: ModelFactory) -> None:
    """The engines add in different orders; the bound is relative to the largest value."""
    import openvino  # type: ignore[import-untyped]

    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"})
    compiled = core.compile_model(str(models.conv_net()), "CPU")
    runtime = HB_HBMRuntime(models.conv_net())
    for seed in range(4):
        image = picture((1, 3, 32, 32), seed)
        reference = compiled([image])
        result = runtime.run(image)["conv_net"]
        for i, name in enumerate(("logits", "scores")):
            expected = reference[i]
            assert np.abs(result[name] - expected).max() <= 2e-6 * np.abs(expected).max(), name


def test_the_same_input_gives_the_same_bits_every_time(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.conv_net())
    image = picture((1, 3, 32, 32), 0)
    first = runtime.run(image)["conv_net"]
    for core in (0, 1, 2, 3):
        again = runtime.run(image, bpu_cores={"conv_net": [core]})["conv_net"]
        assert all(same_bits(again[name], first[name]) for name in first)


def test_special_numbers_pass_through_a_graph(models: ModelFactory) -> None:
    values = np.array([[np.nan, np.inf, -np.inf], [-0.0, 1e-45, 3e38]], np.float32)
    result = HB_HBMRuntime(models.scaled(1)).run(values)["times_1"]["y"]
    assert same_bits(result, values)


def test_the_slow_model_is_exact(models: ModelFactory) -> None:
    x = picture((onnx_models.SLOW_SIZE, onnx_models.SLOW_SIZE), 0)
    runtime = HB_HBMRuntime(models.slow())
    for count in (0, 1, 5, 200):
        result = runtime.run({"x": x, "count": np.array([count])})["slow"]["y"]
        assert same_bits(result, np.roll(x, count, axis=1))
