"""Signed activations become unsigned ones, and no number changes."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hbm_runtime.packer import ModelOptions, UnsignedActivations, build_model

from .small_models import Array, model, reference

pytestmark = pytest.mark.usefixtures("trials_here")

SHAPE = (1, 8, 12, 12)


def quantised_net(
    *, largest_weight: int = 127, per_channel: bool = True, zero: int = -5, opset: int = 13
) -> onnx.ModelProto:
    """Two quantised convolutions with signed activations, as post-training tools write them."""
    random = np.random.default_rng(6)
    constants: dict[str, Array] = {}
    nodes = []
    value = "x"
    for layer in range(2):
        names = {key: f"{key}{layer}" for key in ("s", "z", "q", "d", "wq", "ws", "wz", "wd", "c")}
        constants[names["s"]] = np.array(0.03 * (layer + 1), np.float32)
        constants[names["z"]] = np.array(zero, np.int8)
        weights = random.integers(-largest_weight, largest_weight + 1, (8, 8, 3, 3)).astype(np.int8)
        constants[names["wq"]] = weights
        scales = np.linspace(0.001, 0.004, 8).astype(np.float32)
        constants[names["ws"]] = scales if per_channel else scales[0]
        constants[names["wz"]] = np.zeros(8 if per_channel else (), np.int8)
        nodes += [
            helper.make_node("QuantizeLinear", [value, names["s"], names["z"]], [names["q"]]),
            helper.make_node("DequantizeLinear", [names["q"], names["s"], names["z"]], [names["d"]]),
            helper.make_node("DequantizeLinear", [names["wq"], names["ws"], names["wz"]], [names["wd"]], axis=0),
            helper.make_node("Conv", [names["d"], names["wd"]], [names["c"]], pads=[1, 1, 1, 1]),
        ]
        value = names["c"]
    constants |= {"so": np.array(0.05, np.float32), "zo": np.array(0, np.int8)}
    nodes += [
        helper.make_node("QuantizeLinear", [value, "so", "zo"], ["qo"]),
        helper.make_node("DequantizeLinear", ["qo", "so", "zo"], ["y"]),
    ]
    return model(nodes, [("x", 1, SHAPE)], [("y", 1, SHAPE)], constants, opset)


def packed(proto: onnx.ModelProto, **options: Any) -> onnx.ModelProto:
    """The packed graph with its weights inside."""
    built = build_model(proto, ModelOptions(**options))
    graph = onnx.load_model_from_string(bytes(built.graph))
    for tensor in graph.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            place = {entry.key: entry.value for entry in tensor.external_data}
            begin = int(place["offset"])
            tensor.raw_data = bytes(built.weights or b"")[begin : begin + int(place["length"])]
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]
    return graph


def zero_point_types(proto: onnx.ModelProto) -> list[str]:
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    return [str(constants[node.input[2]].dtype) for node in proto.graph.node if node.op_type == "QuantizeLinear"]


def given() -> dict[str, Array]:
    return {"x": np.random.default_rng(7).normal(size=SHAPE).astype(np.float32)}


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("zero", [-128, -5, 0, 127])
def test_the_rewritten_graph_computes_exactly_the_same(zero: int, per_channel: bool) -> None:
    trained = quantised_net(zero=zero, per_channel=per_channel)
    rewritten = packed(trained, unsigned_activations=UnsignedActivations.ALWAYS)
    assert zero_point_types(rewritten) == ["uint8"] * 3
    np.testing.assert_array_equal(reference(rewritten, given())["y"], reference(trained, given())["y"])


@pytest.mark.parametrize("per_channel", [False, True])
def test_zero_points_keep_their_rank(per_channel: bool) -> None:
    # Engines fuse quantised additions only with scalars.
    rewritten = packed(quantised_net(per_channel=per_channel), unsigned_activations=UnsignedActivations.ALWAYS)
    ranks = {tensor.name: len(tensor.dims) for tensor in rewritten.graph.initializer}
    assert {ranks[node.input[2]] for node in rewritten.graph.node if node.op_type == "QuantizeLinear"} == {0}


def test_weights_stay_signed() -> None:
    rewritten = packed(quantised_net(), unsigned_activations=UnsignedActivations.ALWAYS)
    weights = [tensor for tensor in rewritten.graph.initializer if tensor.name.startswith("wq")]
    assert {tensor.data_type for tensor in weights} == {onnx.TensorProto.INT8}


def test_never_leaves_the_graph_alone() -> None:
    kept = packed(quantised_net(), unsigned_activations=UnsignedActivations.NEVER)
    assert zero_point_types(kept) == ["int8"] * 3


def test_integers_that_users_see_stay_signed() -> None:
    rewritten = packed(quantised_net(), unsigned_activations=UnsignedActivations.ALWAYS, remove_types=["Dequantize"])
    assert zero_point_types(rewritten) == ["uint8", "uint8", "int8"]
    assert rewritten.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.INT8


def test_integers_that_other_nodes_read_stay_signed() -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
        helper.make_node("Cast", ["q"], ["n"], to=6),
    ]
    constants: dict[str, Array] = {"s": np.array(0.1, np.float32), "z": np.array(1, np.int8)}
    trained = model(nodes, [("x", 1, (5,))], [("y", 1, (5,)), ("n", 6, (5,))], constants)
    assert zero_point_types(packed(trained, unsigned_activations=UnsignedActivations.ALWAYS)) == ["int8"]


@pytest.mark.parametrize("when", [UnsignedActivations.ALWAYS, UnsignedActivations.AUTO])
def test_a_type_without_a_zero_point_is_rewritten_too(when: UnsignedActivations) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"], output_dtype=onnx.TensorProto.INT8),
        helper.make_node("DequantizeLinear", ["q", "s"], ["y"]),
    ]
    trained = model(nodes, [("x", 1, (5,))], [("y", 1, (5,))], {"s": np.array(0.1, np.float32)}, opset=21)
    rewritten = packed(trained, unsigned_activations=when)
    assert zero_point_types(rewritten) == ["uint8"]
    values = {"x": np.array([-20, -1, 0, 0.26, 20], np.float32)}
    np.testing.assert_array_equal(reference(rewritten, values)["y"], reference(trained, values)["y"])


CPUS = {
    "with VNNI": "processor: 0\nflags\t\t: fpu avx2 avx512_vnni\n",
    "with AVX-VNNI": "flags : avx2 avx_vnni\n",
    "without": "flags : fpu avx2 avx512f\n",
}


@pytest.mark.parametrize(
    ("cpu", "largest_weight", "expected"),
    [
        ("with VNNI", 127, "uint8"),
        ("with AVX-VNNI", 127, "uint8"),
        ("without", 127, "int8"),
        ("without", 65, "int8"),
        ("without", 64, "uint8"),
    ],
)
def test_processors_that_could_overflow_rewrite_only_small_weights(
    cpu: str, largest_weight: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_kwargs: CPUS[cpu])
    trained = quantised_net(largest_weight=largest_weight)
    assert zero_point_types(packed(trained)) == [expected] * 3


def test_the_rewritten_graph_is_within_one_step_when_optimised() -> None:
    import onnxruntime  # type: ignore[import-untyped]

    trained = quantised_net()
    rewritten = packed(trained, unsigned_activations=UnsignedActivations.ALWAYS)
    results = [
        onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, given())[
            0
        ]
        for proto in (trained, rewritten)
    ]
    assert np.abs(results[0] - results[1]).max() <= 0.05 * 1.001
