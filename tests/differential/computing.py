"""Operators that compute over many elements: reductions, matrix products, convolutions, quantisation, recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .graph import Builder, Dim, Shape, Value
from .shaping import axis_of, known
from .table import REAL, SIGNED, Operator, Rule, Shaped, same


def _reduce(axes_since: int) -> Rule:
    """Axes are an operand since some operator set, and an attribute before."""

    def rule(builder: Builder, operands: Sequence[Value]) -> Shaped:
        shape = known(operands[0])
        axes = sorted(builder.random.sample(range(len(shape)), builder.random.randint(0, len(shape))))
        keep = builder.chance(0.5)
        gone = axes or list(range(len(shape)))
        result: list[Dim] = [1 if i in gone else dim for i, dim in enumerate(shape) if keep or i not in gone]
        attributes: dict[str, Any] = {"keepdims": int(keep)}
        if axes and builder.common.opset < axes_since:
            attributes["axes"] = axes
        more = [builder.integers(axes)] if axes and builder.common.opset >= axes_since else []
        return Shaped([tuple(result)], attributes, more)

    return rule


def _arg(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    axis = axis_of(builder, operands[0], fixed=True)
    if axis is None:
        return None
    shape, keep = known(operands[0]), builder.chance(0.5)
    result = (*shape[:axis], *([1] if keep else []), *shape[axis + 1 :])
    return Shaped([result], {"axis": axis, "keepdims": int(keep), "select_last_index": builder.random.randint(0, 1)})


def _top_k(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    axis = axis_of(builder, operands[0], fixed=True)
    if axis is None:
        return None
    shape = known(operands[0])
    size = shape[axis]
    assert isinstance(size, int)
    count = builder.random.randint(0, size)
    result = (*shape[:axis], count, *shape[axis + 1 :])
    return Shaped(
        [result, result], {"axis": axis, "largest": builder.random.randint(0, 1)}, [builder.integers([count])]
    )


def _along_axis(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    axis = axis_of(builder, operands[0])
    return None if axis is None else Shaped([operands[0].shape], {"axis": axis})


def _cumulate(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    axis = axis_of(builder, operands[0])
    if axis is None:
        return None
    flags = {"exclusive": builder.random.randint(0, 1), "reverse": builder.random.randint(0, 1)}
    return Shaped([operands[0].shape], flags, [builder.constant(np.array(axis, np.int64)).name])


def _matmul(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    """With a constant, whose rows are as many as the last axis is long."""
    shape = known(operands[0])
    if not shape or not isinstance(shape[-1], int):
        return None
    columns = builder.random.choice((0, 1, 3, 8, 17))
    weights = builder.constant(builder.array(operands[0].dtype, (shape[-1], columns)))
    return Shaped([(*shape[:-1], columns)], {}, [weights.name])


def _gemm(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = known(operands[0])
    if len(shape) != 2 or not isinstance(shape[1], int):
        return None
    columns, dtype = builder.random.choice((1, 4, 9)), operands[0].dtype
    weights = builder.constant(builder.array(dtype, (columns, shape[1])))
    bias = builder.constant(builder.array(dtype, (columns,)))
    return Shaped([(shape[0], columns)], {"transB": 1}, [weights.name, bias.name])


def _picture(value: Value) -> tuple[Dim, ...] | None:
    """The shape, when it is that of a batch with a known number of channels."""
    shape = known(value)
    return shape if 3 <= len(shape) <= 5 and isinstance(shape[1], int) and shape[1] > 0 else None


def _conv(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = _picture(operands[0])
    if shape is None:
        return None
    channels, space = builder.random.choice((1, 2, 8)), len(shape) - 2
    size, step = builder.random.choice((1, 3)), builder.random.choice((1, 1, 2))
    weights = builder.constant(builder.array("F32", (channels, int(shape[1]), *[size] * space)))
    bias = builder.constant(builder.array("F32", (channels,)))
    after = [(dim - 1) // step + 1 if isinstance(dim, int) and dim else builder.unknown() for dim in shape[2:]]
    attributes = {"kernel_shape": [size] * space, "pads": [size // 2] * (2 * space), "strides": [step] * space}
    return Shaped([(shape[0], channels, *after)], attributes, [weights.name, bias.name])


def _pool(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = _picture(operands[0])
    if shape is None:
        return None
    space, step = len(shape) - 2, builder.random.choice((1, 2))
    after = [(dim - 1) // step + 1 if isinstance(dim, int) and dim else builder.unknown() for dim in shape[2:]]
    attributes = {"kernel_shape": [3] * space, "pads": [1] * (2 * space), "strides": [step] * space}
    return Shaped([(*shape[:2], *after)], attributes)


def _global_pool(_builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = _picture(operands[0])
    return None if shape is None else Shaped([(*shape[:2], *[1] * (len(shape) - 2))])


def _normalise(statistics: int) -> Rule:
    """With scale and bias, and as many further constants for each channel, which are not negative."""

    def rule(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
        shape = _picture(operands[0])
        # The engine itself ends the process when InstanceNormalization gets nothing.
        if shape is None or (statistics == 0 and not builder.never_empty(shape)):
            return None
        arrays = [builder.array("F32", (int(shape[1]),)) for _ in range(2 + statistics)]
        return Shaped([shape], {}, [builder.constant(np.abs(array)).name for array in arrays])

    return rule


def _layer_normalise(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = known(operands[0])
    if not shape or not isinstance(shape[-1], int):
        return None
    more = [builder.constant(builder.array("F32", (shape[-1],))).name for _ in range(2)]
    return Shaped([shape], {"axis": -1}, more)


def _resize(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = known(operands[0])
    if len(shape) != 4:
        return None
    factors = [1.0, 1.0, builder.random.choice((0.5, 1.5, 2.0)), builder.random.choice((1.0, 2.0))]
    after = [
        int(dim * factor) if isinstance(dim, int) else builder.unknown()
        for dim, factor in zip(shape, factors, strict=True)
    ]
    mode = builder.random.choice(("nearest", "linear"))
    return Shaped(
        [(*shape[:2], *after[2:])], {"mode": mode}, ["", builder.constant(np.array(factors, np.float32)).name]
    )


def _quantise(dtype: np.dtype[Any]) -> Rule:
    def rule(builder: Builder, operands: Sequence[Value]) -> Shaped:
        scale = builder.constant(np.array(builder.random.choice((0.05, 0.5, 3.0)), np.float32))
        zero = builder.constant(np.array(builder.random.randint(0, 100), dtype))
        return Shaped([operands[0].shape], {}, [scale.name, zero.name])

    return rule


def _dynamic_quantise(_builder: Builder, operands: Sequence[Value]) -> Shaped:
    return Shaped([operands[0].shape, (), ()])


def _recurrent(gates: int, states: int) -> Rule:
    """Over [time, batch, features], from a state of zeros or a constant one."""

    def rule(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
        shape = known(operands[0])
        # The engine itself ends the process when a batch for GRU is empty.
        if len(shape) != 3 or not isinstance(shape[2], int) or not builder.never_empty(shape):
            return None
        hidden = builder.random.choice((1, 3, 4))
        weights = builder.constant(builder.array("F32", (1, gates * hidden, shape[2])))
        recurrence = builder.constant(builder.array("F32", (1, gates * hidden, hidden)))
        bias = builder.constant(builder.array("F32", (1, 2 * gates * hidden)))
        ends: list[Shape] = [(1, shape[1], hidden)] * states
        more = [weights.name, recurrence.name, bias.name]
        return Shaped([(shape[0], 1, shape[1], hidden), *ends], {"hidden_size": hidden}, more)

    return rule


_REDUCTIONS = {
    "ReduceSum": (SIGNED, 13),
    "ReduceMean": ("F32 F64 S32", 18),
    "ReduceMax": (f"{SIGNED} S8 U8", 18),
    "ReduceMin": (f"{SIGNED} S8 U8", 18),
    "ReduceProd": ("F32 S32 S64", 18),
    "ReduceL1": ("F32 S32", 18),
    "ReduceL2": ("F32 S32", 18),
    "ReduceSumSquare": ("F32 F64 S32", 18),
    "ReduceLogSumExp": (REAL, 18),
}
COMPUTING: list[Operator] = [
    *(Operator(name, "T", "T", _reduce(since), types) for name, (types, since) in _REDUCTIONS.items()),
    Operator("ArgMax", "T", "S64", _arg, "F32 F64 S32 S8 U8"),
    Operator("ArgMin", "T", "S64", _arg, "F32 F64 S32 S8 U8"),
    Operator("TopK", "T", "T,S64", _top_k, SIGNED),
    Operator("Softmax", "T", "T", _along_axis, f"{REAL} F16"),
    Operator("LogSoftmax", "T", "T", _along_axis, REAL),
    Operator("Hardmax", "T", "T", _along_axis, "F32"),
    Operator("CumSum", "T", "T", _cumulate, SIGNED),
    Operator("MatMul", "T", "T", _matmul, f"{SIGNED} U32 U64"),
    Operator("Gemm", "T", "T", _gemm, REAL),
    Operator("Conv", "F32", "T", _conv),
    Operator("MaxPool", "T", "T", _pool, "F32 F64 S8 U8"),
    Operator("AveragePool", "F32", "T", _pool),
    Operator("GlobalAveragePool", "F32", "T", _global_pool),
    Operator("GlobalMaxPool", "F32", "T", _global_pool),
    Operator("InstanceNormalization", "F32", "T", _normalise(0)),
    Operator("BatchNormalization", "F32", "T", _normalise(2)),
    Operator("LayerNormalization", "F32", "T", _layer_normalise, since=17),
    Operator("Resize", "T", "T", _resize, "F32 U8"),
    Operator("QuantizeLinear", "F32", "U8", _quantise(np.dtype(np.uint8))),
    Operator("QuantizeLinear", "F32", "S8", _quantise(np.dtype(np.int8))),
    Operator("QuantizeLinear", "F32", "U16", _quantise(np.dtype(np.uint16)), since=21),
    Operator("DequantizeLinear", "U8", "F32", _quantise(np.dtype(np.uint8))),
    Operator("DequantizeLinear", "S8", "F32", _quantise(np.dtype(np.int8))),
    Operator("DequantizeLinear", "S16", "F32", _quantise(np.dtype(np.int16)), since=21),
    Operator("DynamicQuantizeLinear", "F32", "U8,F32,U8", _dynamic_quantise),
    Operator("LSTM", "F32", "T,T,T", _recurrent(4, 2)),
    Operator("GRU", "F32", "T,T", _recurrent(3, 1)),
    Operator("Dropout", "T", "T", same, f"{REAL} F16"),
]
