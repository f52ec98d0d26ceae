"""Operators, and what a node of them can have."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import onnx
from bad_graphs.fitting import RECURRENT
from onnx import defs

MICROSOFT = "com.microsoft"

_FLOAT, _U8, _I8, _I32, _BOOL = "tensor(float)", "tensor(uint8)", "tensor(int8)", "tensor(int32)", "tensor(bool)"
_BYTES = [_U8, _I8]
_QUANTISED = [_BYTES, [_FLOAT], _BYTES]  # values, scale, zero point

# Operators of the engine that quantised and optimised models have, and that onnx has no schema of: types of the inputs,
# how many there may be, attributes by kind.
_OWN_OPERATORS: dict[str, tuple[list[list[str]], int, int, dict[str, str]]] = {
    "QLinearAdd": (_QUANTISED * 2 + _QUANTISED[1:], 7, 8, {}),
    "QLinearMul": (_QUANTISED * 2 + _QUANTISED[1:], 7, 8, {}),
    "QLinearWhere": ([[_BOOL], *_QUANTISED, *_QUANTISED, *_QUANTISED[1:]], 9, 9, {}),
    "QLinearConcat": (_QUANTISED[1:] + _QUANTISED * 3, 5, 11, {"axis": "INT"}),
    "QLinearSigmoid": (_QUANTISED + _QUANTISED[1:], 4, 5, {}),
    "QLinearLeakyRelu": (_QUANTISED + _QUANTISED[1:], 4, 5, {"alpha": "FLOAT"}),
    "QLinearSoftmax": (_QUANTISED + _QUANTISED[1:], 5, 5, {"axis": "INT", "opset": "INT"}),
    "QLinearAveragePool": (
        _QUANTISED + _QUANTISED[1:],
        4,
        5,
        {"kernel_shape": "INTS", "pads": "INTS", "strides": "INTS", "ceil_mode": "INT", "channels_last": "INT"},
    ),
    "QLinearGlobalAveragePool": (_QUANTISED + _QUANTISED[1:], 5, 5, {"channels_last": "INT"}),
    "QLinearReduceMean": (_QUANTISED + _QUANTISED[1:], 4, 5, {"axes": "INTS", "keepdims": "INT"}),
    "QGemm": (_QUANTISED * 2 + [[_I32]] + _QUANTISED[1:], 6, 9, {"alpha": "FLOAT", "transA": "INT", "transB": "INT"}),
    "DynamicQuantizeMatMul": ([[_FLOAT], *_QUANTISED, [_FLOAT]], 3, 5, {}),
    "MatMulIntegerToFloat": ([_BYTES, _BYTES, [_FLOAT], [_FLOAT], _BYTES, _BYTES, [_FLOAT]], 4, 7, {}),
    "FusedMatMul": ([[_FLOAT]] * 2, 2, 2, {"alpha": "FLOAT", "transA": "INT", "transB": "INT"}),
    "FusedGemm": ([[_FLOAT]] * 3, 2, 3, {"activation": "STRING", "transA": "INT", "activation_alpha": "FLOAT"}),
    "FusedConv": (
        [[_FLOAT]] * 4,
        2,
        4,
        {
            "activation": "STRING",
            "kernel_shape": "INTS",
            "pads": "INTS",
            "strides": "INTS",
            "group": "INT",
            "activation_params": "FLOATS",
        },
    ),
    "QuantizeLinear": ([[_FLOAT], [_FLOAT], _BYTES], 2, 3, {"axis": "INT"}),
    "DequantizeLinear": ([[*_BYTES, _I32], [_FLOAT], [*_BYTES, _I32]], 2, 3, {"axis": "INT"}),
    "Gelu": ([[_FLOAT]], 1, 1, {}),
    "BiasGelu": ([[_FLOAT]] * 2, 2, 2, {}),
    "SkipLayerNormalization": ([[_FLOAT]] * 5, 3, 5, {"epsilon": "FLOAT"}),
    "Pad": ([[_FLOAT], ["tensor(int64)"], [_FLOAT]], 2, 3, {"mode": "STRING"}),
    "Unique": ([[_FLOAT]], 1, 1, {}),
    "MaxpoolWithMask": ([[_FLOAT], [_I32]], 1, 2, {"kernel_shape": "INTS", "pads": "INTS"}),
    "GatherND": ([[_FLOAT], ["tensor(int64)"]], 2, 2, {}),
    "EmbedLayerNormalization": (
        [[_I32]] * 2 + [[_FLOAT]] * 5 + [[_I32]] * 2,
        7,
        9,
        {"epsilon": "FLOAT", "mask_index_type": "INT"},
    ),
    "QEmbedLayerNormalization": (
        [[_I32]] * 2 + [_BYTES] * 5 + [[_I32]] + [[_FLOAT]] * 5 + [_BYTES] * 5,
        18,
        18,
        {"epsilon": "FLOAT"},
    ),
    "GatherBlockQuantized": (
        [
            ["tensor(uint4)", "tensor(int4)", _U8],
            [_I32, "tensor(int64)"],
            [_FLOAT],
            ["tensor(uint4)", "tensor(int4)", _U8],
        ],
        3,
        4,
        {"bits": "INT", "block_size": "INT", "gather_axis": "INT", "quantize_axis": "INT"},
    ),
}
_OFTEN = {"Div", "Mod", "GatherND", "Pow", "DynamicQuantizeLinear", *RECURRENT}
_OUTPUTS = {"EmbedLayerNormalization": 3, "QEmbedLayerNormalization": 2}
"""How many outputs operators of the engine have that have several."""
_OPTIONAL: dict[str, list[tuple[int, ...]]] = {
    "EmbedLayerNormalization": [(1, 4)],
    "QEmbedLayerNormalization": [(1, 4, 10, 15), (7,)],
}
"""Inputs of the engine's own operators that may be missing, together, before others that may not."""
_SKIPPED = {
    "If",
    "Loop",
    "Scan",
    "SequenceMap",
    "Optional",
    "OptionalGetElement",
    "OptionalHasElement",
    "StringNormalizer",
}


@dataclass
class Operator:
    """What a node of an operator can have."""

    name: str
    domain: str
    opset: int
    least_inputs: int
    most_inputs: int
    outputs: int
    input_types: list[list[str]] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    optional: list[tuple[int, ...]] = field(default_factory=list)


@functools.cache
def operators(opset: int) -> list[Operator]:
    """All operators of one version of onnx, and those of the engine's own."""
    found = []
    for name in sorted({schema.name for schema in defs.get_all_schemas() if schema.domain == ""} - _SKIPPED):
        try:
            schema = defs.get_schema(name, opset, "")
        except onnx.defs.SchemaError:
            continue
        found.append(
            Operator(
                name, "", opset, schema.min_input, min(schema.max_input, 8), min(schema.max_output, 4),
                [sorted(each.types) for each in schema.inputs],
                {key: str(value.type).rpartition(".")[2] for key, value in schema.attributes.items()},
            )
        )  # fmt: skip
    own = [
        Operator(name, MICROSOFT, opset, least, most, _OUTPUTS.get(name, 1), types, attributes, _OPTIONAL.get(name, []))
        for name, (types, least, most, attributes) in _OWN_OPERATORS.items()
    ]
    return found + own * 2 + [each for each in found if each.name in _OFTEN] * 4
