"""Outputs that users see as integers with scale and zero point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

from hbm_runtime.packer.container import DataType, Quantisation, QuantisationType
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.element_types import DATA_TYPES, ONNX_TYPES
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import Quantise

# The largest float32 below 2^31: a clip limit of 2^31-1 would round up to a value that int32 cannot hold.
_LARGEST_S32 = 2147483520.0
_LIMITS = {
    DataType.S8: (-128.0, 127.0),
    DataType.U8: (0.0, 255.0),
    DataType.S16: (-32768.0, 32767.0),
    DataType.S32: (-2147483648.0, _LARGEST_S32),
}
# Measured S32 ranges are put here: exact in float32, and far enough from the end never to saturate.
_S32_RANGE = 2.0**22
_LAYOUT_OPERATORS = {"Transpose", "Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten"}
_ACCUMULATING = {"Conv": 1, "ConvTranspose": 1, "Gemm": -1, "MatMul": -1}


@dataclass(frozen=True)
class Origin:
    """Where the values of an output come from, behind operators that only move them.

    Attributes:
        node: The node that computes them; None for inputs and constants.
        value: Its output.
        layout: The moving nodes, from the output inwards.
    """

    node: NodeProto | None
    value: str
    layout: tuple[NodeProto, ...]


def origin_of(graph: Graph, value: str) -> Origin:
    """Follows an output back to the node that computes its values."""
    layout = []
    node = graph.producer(value)
    while node is not None and node.op_type in _LAYOUT_OPERATORS and not node.domain:
        layout.append(node)
        value = node.input[0]
        node = graph.producer(value)
    return Origin(node, value, tuple(layout))


def quantisable(dtype: DataType) -> bool:
    """Returns True if floats can become integers of this type."""
    return dtype in _LIMITS


def is_dequantised(graph: Graph, origin: Origin) -> bool:
    """Returns True if the graph's own DequantizeLinear makes this output, with constants that users can be shown."""
    return _dequantisation(graph, origin) is not None


def expose_integers(graph: Graph, origin: Origin) -> tuple[str, DataType, Quantisation] | None:
    """The integers in front of the graph's own DequantizeLinear, moved as the floats were.

    None when there is no such node, or its channel axis is lost on the way.
    """
    found = _dequantisation(graph, origin)
    if found is None or origin.node is None:
        return None
    value = origin.node.input[0]
    for step in reversed(origin.layout):
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in step.attribute}
        value = graph.append(step.op_type, [value, *step.input[1:]], **attributes)
    return value, *found


def _dequantisation(graph: Graph, origin: Origin) -> tuple[DataType, Quantisation] | None:
    node = origin.node
    if node is None or node.op_type != "DequantizeLinear" or _blocked(node):
        return None
    scale = graph.constant(node.input[1])
    has_zero = len(node.input) > 2 and node.input[2]
    zero = graph.constant(node.input[2]) if has_zero else None
    if scale is None or (has_zero and zero is None):
        return None
    dtype = DATA_TYPES.get(_integer_type(graph, node.input[0], zero))
    if dtype is None or dtype not in _LIMITS:
        return None
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
    moved_axis = -1 if scale.size == 1 else _moved_axis(axis, origin)
    if moved_axis is None:
        return None
    zeros = (0,) * scale.size if zero is None else tuple(int(point) for point in zero.reshape(-1))
    scales = tuple(float(one) for one in scale.reshape(-1).astype(np.float32))
    return dtype, Quantisation(QuantisationType.SCALE, moved_axis, scales, zeros)


def chosen_dtype(origin: Origin, wanted: Quantise, default: DataType) -> DataType:
    """S32 behind convolutions and matrix products, ``default`` behind anything else, unless asked otherwise."""
    if wanted.dtype is not None:
        return wanted.dtype
    return DataType.S32 if origin.node is not None and origin.node.op_type in _ACCUMULATING else default


def channel_axis(origin: Origin, rank: int, dtype: DataType) -> int:
    """The axis of per-channel scales that a board's model would have: the channels of S32 sums; else -1."""
    if dtype != DataType.S32 or origin.node is None or origin.node.op_type not in _ACCUMULATING:
        return -1
    axis = _ACCUMULATING[origin.node.op_type]
    if axis < 0:
        axis += rank
    moved = _moved_axis(axis, origin)
    return -1 if moved is None else moved


def accumulator_scale(graph: Graph, origin: Origin) -> NDArray[np.float32] | None:
    """Scales of the integer sums in a quantised convolution: that of its input times those of its weights."""
    node = origin.node
    if node is None or node.op_type not in {"Conv", "Gemm", "MatMul"}:
        return None
    scales = []
    for value in node.input[:2]:
        dequantise = graph.producer(value)
        if dequantise is None or dequantise.op_type != "DequantizeLinear" or _blocked(dequantise):
            return None
        scale = graph.constant(dequantise.input[1])
        if scale is None:
            return None
        scales.append(scale.reshape(-1).astype(np.float64))
    if scales[0].size != 1:
        return None
    return (scales[0] * scales[1]).astype(np.float32)


def scale_for_range(largest: NDArray[np.floating], dtype: DataType) -> NDArray[np.float32]:
    """Scales that let integers of ``dtype`` cover plus and minus ``largest``."""
    steps = _S32_RANGE if dtype == DataType.S32 else _LIMITS[dtype][1]
    safe = np.where(largest > 0, largest, 1.0)
    return (np.asarray(safe, np.float64) / steps).astype(np.float32)


def add_quantisation(graph: Graph, output: ValueInfoProto, dtype: DataType, quantisation: Quantisation) -> str:
    """``clip(round(output / scale) + zero_point)`` as nodes; returns the integer value.

    Raises:
        PackError: A scale is not positive, or counts do not fit.
    """
    value = output.name
    scales = np.array(quantisation.scales, np.float32)
    if scales.size == 0 or not np.all(np.isfinite(scales)) or np.any(scales <= 0):
        raise PackError(f"{graph.name}, output '{value}': scales must be positive numbers, given {scales.tolist()[:8]}")
    shape = [1] * len(output.type.tensor_type.shape.dim)
    if quantisation.axis >= 0 and scales.size > 1:
        shape[quantisation.axis] = scales.size
    if output.type.tensor_type.elem_type != TensorProto.FLOAT:
        value = graph.append("Cast", [value], to=TensorProto.FLOAT)
    value = graph.append("Div", [value, graph.add_constant(scales.reshape(shape if scales.size > 1 else ()), "scale")])
    value = graph.append("Round", [value])
    zeros = np.array(quantisation.zero_points, np.float32)
    if np.any(zeros):
        value = graph.append("Add", [value, graph.add_constant(zeros.reshape(shape if zeros.size > 1 else ()), "zero")])
    limits = [graph.add_constant(np.array(limit, np.float32), "limit") for limit in _LIMITS[dtype]]
    value = graph.append("Clip", [value, *limits])
    return graph.append("Cast", [value], to=ONNX_TYPES[dtype])


def _integer_type(graph: Graph, value: str, zero: NDArray[np.generic] | None) -> int:
    if zero is not None:
        return {"int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "int16": TensorProto.INT16}.get(
            str(zero.dtype), TensorProto.INT32 if zero.dtype == np.int32 else TensorProto.UNDEFINED
        )
    info = graph.info(value)
    if info is not None:
        return int(info.type.tensor_type.elem_type)
    maker = graph.producer(value)
    return TensorProto.UINT8 if maker is not None and maker.op_type == "QuantizeLinear" else TensorProto.UNDEFINED


def _moved_axis(axis: int, origin: Origin) -> int | None:
    """Where an axis of the computed values lies in the output; None when it does not survive."""
    for node in reversed(origin.layout):
        if node.op_type == "Identity":
            continue
        if node.op_type != "Transpose":
            return None
        order = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), None)
        if order is None:
            return None
        if axis < 0:
            axis += len(order)
        axis = order.index(axis)
    return axis


def _blocked(node: NodeProto) -> bool:
    return any(attribute.name == "block_size" and attribute.i for attribute in node.attribute)
