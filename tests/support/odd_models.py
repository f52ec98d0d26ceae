"""ONNX models with tensors that the driver's interface cannot express. Their inputs are called ``x``."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, TypeProto, ValueInfoProto, helper


def _model(nodes: list[NodeProto], inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> ModelProto:
    graph = helper.make_graph(nodes, "graph", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _identity(element_type: int) -> ModelProto:
    return _model(
        [helper.make_node("Identity", ["x"], ["y"])],
        [helper.make_tensor_value_info("x", element_type, [2])],
        [helper.make_tensor_value_info("y", element_type, [2])],
    )


def strings() -> ModelProto:
    """Text in, text out."""
    return _identity(TensorProto.STRING)


def bfloat16() -> ModelProto:
    """An element type that numpy lacks."""
    return _identity(TensorProto.BFLOAT16)


def four_bits(signed: bool) -> ModelProto:
    """Elements of half a byte in, floats out."""
    model = _model(
        [
            helper.make_node("Constant", [], ["scale"], value_float=1.0),
            helper.make_node("DequantizeLinear", ["x", "scale"], ["y"]),
        ],
        [helper.make_tensor_value_info("x", TensorProto.INT4 if signed else TensorProto.UINT4, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
    )
    model.opset_import[0].version = 21
    model.ir_version = 10
    return model


def sequence() -> ModelProto:
    """An output ``y`` that is a sequence of tensors."""
    kind: TypeProto = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2]))
    return _model(
        [helper.make_node("SequenceConstruct", ["x"], ["y"])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_value_info("y", kind)],
    )
