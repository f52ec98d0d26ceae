"""Tiny ONNX models. Each function returns a model whose results numpy can state exactly, unless it says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from support.dtypes import NUMPY_OF, Array

Dim = int | str
"""A fixed dimension, or the name of a dynamic one."""

TensorSpec = tuple[str, str, Sequence[Dim]]
"""Name, name of ``hbDNNDataType``, shape."""

SLOW_SIZE = 96
"""Rows and columns of the slow model's matrix."""


def onnx_type(dtype: str) -> int:
    """The ONNX element type of a member of ``hbDNNDataType``."""
    return helper.np_dtype_to_tensor_dtype(NUMPY_OF[dtype])


def value_info(spec: TensorSpec) -> onnx.ValueInfoProto:
    """The declaration of a graph input or output."""
    name, dtype, shape = spec
    return helper.make_tensor_value_info(name, onnx_type(dtype), list(shape))


def build(
    nodes: Sequence[NodeProto],
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    constants: dict[str, Array] | None = None,
    name: str = "graph",
) -> ModelProto:
    """A checked model of an operator set that every supported engine knows."""
    graph = helper.make_graph(
        list(nodes),
        name,
        [value_info(spec) for spec in inputs],
        [value_info(spec) for spec in outputs],
        [numpy_helper.from_array(value, key) for key, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def identity(dtype: str, shape: Sequence[Dim]) -> ModelProto:
    """``y = x``."""
    return build([helper.make_node("Identity", ["x"], ["y"])], [("x", dtype, shape)], [("y", dtype, shape)])


def scaled(factor: float, shape: Sequence[Dim] = (2, 3)) -> ModelProto:
    """``y = x * factor`` in float32."""
    return build(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        [("x", "F32", shape)],
        [("y", "F32", shape)],
        {"factor": np.array(factor, np.float32)},
    )


def mixed() -> ModelProto:
    """Three inputs and three outputs of different types, in an order that no sorting gives.

    ``zulu = gain + gain``, ``alpha = -count``, ``mike = mask`` transposed.
    """
    return build(
        [
            helper.make_node("Add", ["gain", "gain"], ["zulu"]),
            helper.make_node("Neg", ["count"], ["alpha"]),
            helper.make_node("Transpose", ["mask"], ["mike"], perm=[1, 0]),
        ],
        [("gain", "F32", (2, 3)), ("count", "S32", (4,)), ("mask", "U8", (2, 5))],
        [("zulu", "F32", (2, 3)), ("alpha", "S32", (4,)), ("mike", "U8", (5, 2))],
    )


def many(count: int) -> ModelProto:
    """``_input_i`` to ``_output_i = _input_i + i`` for ``i`` below ``count``."""
    numbers = range(count)
    return build(
        [helper.make_node("Add", [f"_input_{i}", f"c{i}"], [f"_output_{i}"]) for i in numbers],
        [(f"_input_{i}", "F32", (1, 2)) for i in numbers],
        [(f"_output_{i}", "F32", (1, 2)) for i in numbers],
        {f"c{i}": np.array(i, np.float32) for i in numbers},
    )


def dynamic() -> ModelProto:
    """Dynamic batch and picture size: ``same = -x``, ``mean`` over the picture, ``half`` its 2 x 2 maximum."""
    return build(
        [
            helper.make_node("Neg", ["x"], ["same"]),
            helper.make_node("ReduceMax", ["x"], ["top"], axes=[2, 3], keepdims=0),
            helper.make_node("MaxPool", ["x"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
        ],
        [("x", "F32", ("N", 3, "H", "W"))],
        [
            ("same", "F32", ("N", 3, "H", "W")),
            ("top", "F32", ("N", 3)),
            ("half", "F32", ("N", 3, "H2", "W2")),
        ],
    )


def nonzero() -> ModelProto:
    """``where`` = positions of the values of ``x`` that are not zero: the data decide the output's shape."""
    return build([helper.make_node("NonZero", ["x"], ["where"])], [("x", "F32", ("N",))], [("where", "S64", (1, "K"))])


def slow() -> ModelProto:
    """``y`` = ``x`` with its columns rotated right ``count`` times, one matrix product each.

    Exact, and as slow as asked. The loop has many small operators, so an engine that can be stopped stops soon.
    """
    size = SLOW_SIZE
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "rotation"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [size, size]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [size, size]),
        ],
        [numpy_helper.from_array(np.roll(np.eye(size, dtype=np.float32), 1, axis=1), "rotation")],
    )
    return build(
        [
            helper.make_node("Squeeze", ["count"], ["trips"]),
            helper.make_node("Loop", ["trips", "", "x"], ["y"], body=body),
        ],
        [("x", "F32", (size, size)), ("count", "S64", (1,))],
        [("y", "F32", (size, size))],
    )


def conv_net(seed: int = 7) -> ModelProto:
    """A small convolution network, [1, 3, 32, 32] to [1, 10]; references come from other engines."""
    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> Array:
        return np.asarray(rng.normal(0, 1, shape) / np.sqrt(np.prod(shape[1:])), np.float32)

    return build(
        [
            helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], strides=[2, 2]),
            helper.make_node("Relu", ["c1"], ["r1"]),
            helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1], group=4),
            helper.make_node("Sigmoid", ["c2"], ["gate"]),
            helper.make_node("Mul", ["c2", "gate"], ["r2"]),
            helper.make_node("GlobalAveragePool", ["r2"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w3", "b3"], ["logits"], transB=1),
            helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
        ],
        [("image", "F32", (1, 3, 32, 32))],
        [("logits", "F32", (1, 10)), ("scores", "F32", (1, 10))],
        {
            "w1": weights(16, 3, 3, 3),
            "b1": weights(16, 1)[:, 0],
            "w2": weights(32, 4, 3, 3),
            "b2": weights(32, 1)[:, 0],
            "w3": weights(10, 32),
            "b3": weights(10, 1)[:, 0],
        },
    )


def qdq_net(seed: int = 11) -> ModelProto:
    """A quantised convolution in the usual spelling: u8 activations, s8 weights per channel, float in and out."""
    rng = np.random.default_rng(seed)
    channels = 8
    return build(
        [
            helper.make_node("QuantizeLinear", ["image", "x_scale", "x_zero"], ["xq"]),
            helper.make_node("DequantizeLinear", ["xq", "x_scale", "x_zero"], ["xd"]),
            helper.make_node("DequantizeLinear", ["wq", "w_scale", "w_zero"], ["wd"], axis=0),
            helper.make_node("Conv", ["xd", "wd", "bias"], ["conv"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["conv"], ["relu"]),
            helper.make_node("QuantizeLinear", ["relu", "y_scale", "y_zero"], ["yq"]),
            helper.make_node("DequantizeLinear", ["yq", "y_scale", "y_zero"], ["features"]),
        ],
        [("image", "F32", (1, 3, 16, 16))],
        [("features", "F32", (1, channels, 16, 16))],
        {
            "x_scale": np.array(0.02, np.float32),
            "x_zero": np.array(128, np.uint8),
            "wq": rng.integers(-127, 128, (channels, 3, 3, 3)).astype(np.int8),
            "w_scale": rng.uniform(0.001, 0.01, channels).astype(np.float32),
            "w_zero": np.zeros(channels, np.int8),
            "bias": rng.normal(0, 0.1, channels).astype(np.float32),
            "y_scale": np.array(0.03, np.float32),
            "y_zero": np.array(3, np.uint8),
        },
    )


def total() -> ModelProto:
    """``y = a + b`` of two dynamic lengths that have to be equal, or 1: the engine fails otherwise."""
    return build(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        [("a", "F32", ("N",)), ("b", "F32", ("M",))],
        [("y", "F32", ("K",))],
    )


def constant() -> ModelProto:
    """No input; ``y`` = [1, 2, 3]."""
    return build(
        [helper.make_node("Identity", ["values"], ["y"])],
        [],
        [("y", "F32", (3,))],
        {"values": np.array([1, 2, 3], np.float32)},
    )


def named(name: str) -> ModelProto:
    """``y = 2 * x`` in a graph with this name."""
    model = scaled(2)
    model.graph.name = name
    return model
