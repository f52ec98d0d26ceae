"""Graphs of one node: with some the engine would end the process, their neighbours are sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from support.dtypes import Array

X = np.array([1, 2, 3], np.float32)
U = np.array([1, 2], np.uint8)
SCALE, ZERO = np.array(0.1, np.float32), np.array(0, np.uint8)
NONE = np.zeros(0, np.float32)
HALVES = np.ones(3, np.float16)
LEAST = np.array([5, -(2**63)], np.int64)


def model(
    operator: str, names: list[str], constants: dict[str, Array], inputs: dict[str, Array], **attributes: Any
) -> onnx.ModelProto:
    """A graph of one node; dimensions of the inputs are dynamic, but for those that are 0."""
    domain = "com.microsoft" if operator.startswith(("QLinear", "Dynamic", "MatMulIntegerTo", "Skip", "Embed")) else ""
    outputs = ["o", "mask"] if operator == "EmbedLayerNormalization" else ["o"]
    node = helper.make_node(operator, names, outputs, "culprit", domain=domain, **attributes)
    declared = [
        helper.make_tensor_value_info(
            name,
            helper.np_dtype_to_tensor_dtype(array.dtype),
            [size if size == 0 else f"{name}_{axis}" for axis, size in enumerate(array.shape)],
        )
        for name, array in inputs.items()
    ]
    fixed = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph([node], "graph", declared, [onnx.ValueInfoProto(name="o")], fixed)
    imports = [
        helper.make_opsetid("", 20 if operator in {"DFT", "Split"} else 17),
        helper.make_opsetid("com.microsoft", 1),
    ]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def recurrent(operator: str, shape: tuple[int, int, int]) -> tuple[Any, ...]:
    """A recurrent layer of two units and its input."""
    gates = {"GRU": 6, "LSTM": 8, "RNN": 2}[operator]
    weights = {"w": np.ones((1, gates, shape[2]), np.float32), "r": np.ones((1, gates, 2), np.float32)}
    return operator, ["x", "w", "r"], weights, {"x": np.ones(shape, np.float32)}, {"hidden_size": 2}


WHERE = ["c", "a", "as", "az", "b", "bs", "bz", "os", "oz"]
WHERE_CONSTANTS = {"as": SCALE, "az": ZERO, "bs": SCALE, "bz": ZERO, "os": SCALE, "oz": ZERO}
WHERE_CONSTANTS_BUT_BZ = {name: array for name, array in WHERE_CONSTANTS.items() if name != "bz"}
WHERE_INPUTS = {"c": np.array([True, False]), "a": U, "b": U}
CONCAT = ["ys", "yz", "a", "as", "az"]
CONCAT_CONSTANTS = {"ys": SCALE, "yz": ZERO, "as": SCALE, "az": ZERO}
B = np.ones((1, 1), np.uint8)
FLOATING = ("MatMulIntegerToFloat", ["a", "b", "s", "t"])
PAIR = ["a", "s", "z", "b", "s", "z", "s", "z"]
PAIR_CONSTANTS = {"s": SCALE, "z": ZERO}
NO_BYTES = np.zeros((2, 0, 1), np.uint8)
POOL = ("QLinearAveragePool", ["x", "s", "z", "s", "z"])
PICTURE = np.ones((1, 2, 1, 3), np.uint8)
SKIP = np.ones((1, 1, 3), np.float32)
BYTES = {"s": SCALE, "z": ZERO, "t": SCALE}
IDS = np.ones((2, 3), np.int32)
TABLE = np.ones((4, 2), np.float32)
EMBEDDING = ("EmbedLayerNormalization", ["i", "i", "t", "t", "t", "g", "g", "", "p"])
EMBEDDING_CONSTANTS = {"t": TABLE, "g": TABLE[0]}

REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "Min": (("Min", ["x", ""], {}, {"x": X}, {}), "none for input 1"),
    "Max": (("Max", ["x", "", "x"], {}, {"x": X}, {}), "none for input 1"),
    "Sum": (("Sum", ["x", ""], {}, {"x": X}, {}), "every input needs a value"),
    "Mean": (("Mean", ["x", ""], {}, {"x": X}, {}), "every input needs a value"),
    "RandomNormal": (("RandomNormal", [], {}, {}, {"shape": [2], "scale": -1.0}), "scale must be above 0"),
    "RandomNormal of 0": (("RandomNormal", [], {}, {}, {"shape": [2], "scale": 0.0}), "scale must be above 0"),
    "RandomNormalLike": (("RandomNormalLike", ["x"], {}, {"x": X}, {"scale": float("nan")}), "given: nan"),
    "RandomUniform": (("RandomUniform", [], {}, {}, {"shape": [2], "low": 2.0}), "low must not be above high"),
    "RandomUniformLike": (("RandomUniformLike", ["x"], {}, {"x": X}, {"high": -1.0}), "low must not be above high"),
    "GatherND": (
        ("GatherND", ["x", "i"], {"i": np.zeros((1, 1), np.int64)}, {"x": X}, {"batch_dims": -(2**31)}),
        "batch_dims must be at least 0, given: -2147483648",
    ),
    "GatherND beyond all ranks": (
        ("GatherND", ["x", "i"], {"i": np.zeros((1, 1), np.int64)}, {"x": X}, {"batch_dims": 2**63 - 1}),
        "batch_dims must be below the rank",
    ),
    "DFT": (("DFT", ["x", "n", ""], {}, {"x": X.reshape(1, 3, 1), "n": np.array(3)}, {}), "an axis that is not used"),
    "Split": (("Split", ["x"], {}, {"x": X}, {"num_outputs": 0}), "num_outputs must be the number of outputs, 1"),
    "InstanceNormalization": (
        ("InstanceNormalization", ["x", "s", "s"], {"s": HALVES}, {"x": np.zeros((1, 3, 0), np.float16)}, {}),
        "no dimension behind the second one may be 0",
    ),
    "InstanceNormalization of a constant": (
        ("InstanceNormalization", ["x", "s", "s"], {"s": X, "x": np.zeros((1, 3, 0), np.float32)}, {}, {}),
        "no dimension behind the second one may be 0",
    ),
    "LayerNormalization": (("LayerNormalization", ["x", "s", ""], {"s": X}, {"x": X}, {}), "must be left out"),
    "Unique": (("Unique", ["x"], {"x": np.zeros((2, 0), np.float32)}, {}, {"axis": 0}), "[2, 0], axis 0"),
    "GRU": (recurrent("GRU", (2, 0, 3)), "no dimension of input 0 'x' may be 0"),
    "LSTM": (recurrent("LSTM", (2, 0, 3)), "the batch (second dimension)"),
    "Div": (("Div", ["a", "b"], {"a": LEAST, "b": np.array([-1])}, {}, {}), "-9223372036854775808 / -1"),
    "Div by 0": (("Div", ["a", "b"], {"b": np.array([3, 0])}, {"a": LEAST}, {}), "a 0 in input 1 'b'"),
    "Mod by 0": (("Mod", ["a", "b"], {"b": np.array(0)}, {"a": LEAST}, {}), "cannot be divided by 0"),
    "QLinearConcat": (
        ("QLinearConcat", [*CONCAT[:3], "", "az"], {**CONCAT_CONSTANTS}, {"a": U}, {"axis": 0}),
        "none for input 3",
    ),
    "QLinearConcat, no scale": (
        ("QLinearConcat", CONCAT, {**CONCAT_CONSTANTS, "as": NONE}, {"a": U}, {"axis": 0}),
        "'as' of shape [0]",
    ),
    "QLinearWhere": (
        ("QLinearWhere", WHERE, WHERE_CONSTANTS_BUT_BZ, {**WHERE_INPUTS, "bz": ZERO}, {}),
        "zero points must be constants",
    ),
    "QLinearWhere, no scale": (
        ("QLinearWhere", WHERE, {**WHERE_CONSTANTS, "as": NONE}, WHERE_INPUTS, {}),
        "'as' of shape [0]",
    ),
    "QLinearMul of nothing": (
        ("QLinearMul", PAIR, {**PAIR_CONSTANTS, "a": NO_BYTES}, {"b": U}, {}),
        "a constant operand needs elements, given: shape [2, 0, 1] of input 0 'a'",
    ),
    "QLinearMul by nothing": (
        ("QLinearMul", PAIR, {**PAIR_CONSTANTS, "b": NO_BYTES[0]}, {"a": U}, {}),
        "shape [0, 1] of input 3 'b'",
    ),
    "QLinearAdd of nothing": (
        ("QLinearAdd", PAIR, {**PAIR_CONSTANTS, "a": NO_BYTES[0, :, 0]}, {"b": U[:1]}, {}),
        "shape [0] of input 0 'a'",
    ),
    "QLinearAveragePool": (
        (*POOL, {**PAIR_CONSTANTS, "x": PICTURE}, {}, {"kernel_shape": [2, 2], "channels_last": 1}),
        "must fit into the padded image, given: kernel_shape [2, 2], shape [1, 2, 1, 3]",
    ),
    "QLinearAveragePool, steps": (
        (*POOL, {**PAIR_CONSTANTS, "x": PICTURE}, {},
         {"kernel_shape": [1, 4], "channels_last": 1, "strides": [1, 2], "auto_pad": "VALID"}),
        "must fit into the padded image",
    ),
    "SkipLayerNormalization": (
        ("SkipLayerNormalization", ["x", "y", "s"], {"x": SKIP, "s": X, "y": SKIP[:0]}, {}, {}),
        "what is added needs elements, given: shape [0, 1, 3] of input 1 'y'",
    ),
    "SkipSimplifiedLayerNormalization": (
        ("SkipSimplifiedLayerNormalization", ["x", "y", "s"], {"x": SKIP, "s": X, "y": SKIP[:0]}, {}, {}),
        "what is added needs elements",
    ),
    "EmbedLayerNormalization": (
        (*EMBEDDING, {**EMBEDDING_CONSTANTS, "p": IDS[0]}, {"i": IDS}, {}),
        "positions need two dimensions, given: shape [3] of input 8 'p'",
    ),
    "EmbedLayerNormalization, positions that are given": (
        (*EMBEDDING, EMBEDDING_CONSTANTS, {"i": IDS, "p": IDS[0, 0]}, {}),
        "shape [] of input 8 'p'",
    ),
    "QLinearSigmoid": (("QLinearSigmoid", ["x", "s", "z", "t"], BYTES, {"x": U}, {}), "5 inputs are expected"),
    "QLinearLeakyRelu": (("QLinearLeakyRelu", ["x", "s", "z", "t"], BYTES, {"x": U}, {}), "5 inputs are expected"),
    "QLinearSoftmax": (
        (
            "QLinearSoftmax",
            ["x", "s", "z", "s", "t"],
            {"s": SCALE, "z": ZERO, "t": NONE.astype(np.uint8)},
            {"x": U},
            {"opset": 13},
        ),
        "'t' of shape [0]",
    ),
    "DynamicQuantizeMatMul": (
        ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": U, "s": np.ones(4, np.float32)}, {"a": X[:2]}, {}),
        "takes one scale",
    ),
    "DynamicQuantizeMatMul, no scale": (
        ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": np.zeros((0, 1), np.int8), "s": NONE}, {"a": NONE}, {}),
        "'s' of shape [0]",
    ),
    "DynamicQuantizeMatMul, too many scales": (
        ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": B, "s": np.ones((2, 4), np.float32)}, {"a": X[:1]}, {}),
        "as many as the product has columns or rows",
    ),
    "MatMulIntegerToFloat, a scale that is given": (
        (*FLOATING, {"b": B, "t": SCALE}, {"a": U.reshape(2, 1), "s": np.ones((2, 1), np.float32)}, {}),
        "must be a constant",
    ),
    "MatMulIntegerToFloat, too many rows": (
        (*FLOATING, {"a": U.reshape(2, 1), "b": B, "s": np.ones((4, 1), np.float32), "t": SCALE}, {}, {}),
        "as many as the product has columns or rows",
    ),
    "MatMulIntegerToFloat": (
        ("MatMulIntegerToFloat", ["a", "b", "s", "t"], {"b": U.reshape(2, 1), "s": NONE, "t": SCALE}, {"a": U}, {}),
        "'s' of shape [0]",
    ),
}  # fmt: skip

SOUND: dict[str, tuple[Any, ...]] = {
    "Min": ("Min", ["x"], {}, {"x": X}, {}),
    "RandomUniform": ("RandomUniform", [], {}, {}, {"shape": [2], "low": 1.0, "high": 1.0}),
    "GatherND": ("GatherND", ["x", "i"], {"i": np.zeros((1, 1), np.int64)}, {"x": X}, {}),
    "LayerNormalization": ("LayerNormalization", ["x", "s", "b"], {"s": X, "b": X}, {"x": X}, {}),
    "Unique": ("Unique", ["x"], {"x": np.zeros((2, 0), np.float32)}, {}, {}),
    "InstanceNormalization of no picture": (
        ("InstanceNormalization", ["x", "s", "s"], {"s": HALVES}, {"x": np.zeros((0, 3, 2), np.float16)}, {})
    ),
    "InstanceNormalization of whole floats": (
        ("InstanceNormalization", ["x", "s", "s"], {"s": X}, {"x": np.zeros((1, 3, 0), np.float32)}, {})
    ),
    "MatMulIntegerToFloat with scales for rows and columns": (
        *FLOATING,
        {"a": np.ones((2, 1), np.uint8), "b": np.ones((1, 3), np.uint8), "s": np.ones((2, 1), np.float32), "t": X},
        {},
        {},
    ),
    "GRU": recurrent("GRU", (2, 1, 3)),
    "LSTM of no steps": recurrent("LSTM", (0, 2, 3)),
    "RNN of no batch": recurrent("RNN", (2, 0, 3)),
    "Div": ("Div", ["a", "b"], {"a": LEAST, "b": np.array([-1, 1])}, {}, {}),
    "QLinearConcat": ("QLinearConcat", CONCAT, CONCAT_CONSTANTS, {"a": U}, {"axis": 0}),
    "QLinearWhere": ("QLinearWhere", WHERE, WHERE_CONSTANTS, WHERE_INPUTS, {}),
    "QLinearMul of a constant": ("QLinearMul", PAIR, {**PAIR_CONSTANTS, "a": U}, {"b": U}, {}),
    "QLinearMul of nothing that is not broadcast": (
        "QLinearMul", PAIR, {**PAIR_CONSTANTS, "a": np.zeros((0, 2), np.uint8)}, {"b": U}, {},
    ),
    "QLinearMul of nothing that is given": ("QLinearMul", PAIR, PAIR_CONSTANTS, {"a": NO_BYTES, "b": U}, {}),
    "QLinearAdd of nothing that is given": ("QLinearAdd", PAIR, PAIR_CONSTANTS, {"a": U, "b": NO_BYTES}, {}),
    "QLinearAveragePool": (*POOL, {**PAIR_CONSTANTS, "x": PICTURE}, {}, {"kernel_shape": [2, 1], "channels_last": 1}),
    "QLinearAveragePool, steps": (
        *POOL, {**PAIR_CONSTANTS, "x": PICTURE}, {}, {"kernel_shape": [2, 2], "channels_last": 1, "strides": [2, 2]},
    ),
    "QLinearAveragePool, padded": (
        *POOL, {**PAIR_CONSTANTS, "x": PICTURE}, {},
        {"kernel_shape": [2, 2], "channels_last": 1, "pads": [0, 1, 0, 0]},
    ),
    "SkipLayerNormalization": ("SkipLayerNormalization", ["x", "y", "s"], {"s": X}, {"x": SKIP, "y": SKIP}, {}),
    "SkipLayerNormalization of nothing": (
        "SkipLayerNormalization", ["x", "y", "s"], {"s": X, "x": SKIP[:0], "y": SKIP[:0]}, {}, {},
    ),
    "EmbedLayerNormalization": (*EMBEDDING, EMBEDDING_CONSTANTS, {"i": IDS, "p": IDS[:1]}, {}),
    "EmbedLayerNormalization without positions": (
        EMBEDDING[0], EMBEDDING[1][:7], EMBEDDING_CONSTANTS, {"i": IDS}, {},
    ),
    "QLinearSigmoid": ("QLinearSigmoid", ["x", "s", "", "t", ""], {"s": SCALE, "t": SCALE}, {"x": U}, {}),
    "DynamicQuantizeMatMul": ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": U, "s": SCALE}, {"a": X[:2]}, {}),
}  # fmt: skip
