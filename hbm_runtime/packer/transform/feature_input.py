"""Inputs that keep the trained model's layout: as they are, as integers with a scale, or one for each batch item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from hbm_runtime.packer.container import DataType, Quantisation, QuantisationType
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.element_types import DATA_TYPES, ONNX_TYPES
from hbm_runtime.packer.graph.graph import Graph, fixed_shape, shape_of
from hbm_runtime.packer.transform.border import BorderTensor, dimensions_of


def plain_input(graph: Graph, name: str) -> BorderTensor:
    """The input as the graph declares it."""
    info = graph.input_info(name)
    shape = dimensions_of(shape_of(info) or ())
    return BorderTensor(name, name, DATA_TYPES[info.type.tensor_type.elem_type], shape)


def split_batch(graph: Graph, name: str, shown: str) -> list[BorderTensor]:
    """Replaces an input by one for each item of its batch; users see ``shown`` with numbers.

    Raises:
        PackError: The batch is not a fixed number.
    """
    info = graph.input_info(name)
    shape = fixed_shape(info, f"{graph.name}, input '{name}'")
    if not shape or shape[0] == 1:
        return [replace(plain_input(graph, name), name=shown)]
    element_type = info.type.tensor_type.elem_type
    items = [f"{shown}_{i}" for i in range(shape[0])]
    values = [graph.unique(item) for item in items]
    graph.prepend("Concat", values, name, axis=0)
    graph.replace_input(name, [helper.make_tensor_value_info(value, element_type, [1, *shape[1:]]) for value in values])
    return [
        BorderTensor(item, value, DATA_TYPES[element_type], (1, *shape[1:]))
        for item, value in zip(items, values, strict=True)
    ]


def expose_quantised_input(graph: Graph, name: str) -> BorderTensor | None:
    """Lets users give what the graph's own QuantizeLinear would make of the input; None when there is none.

    The input must feed only QuantizeLinear nodes with the same constants.
    """
    nodes = graph.consumers(name)
    if not nodes or graph.is_output(name) or any(node.op_type != "QuantizeLinear" for node in nodes):
        return None
    first = _parameters(graph, nodes[0])
    if first is None or any(not _same(first, _parameters(graph, node)) for node in nodes[1:]):
        return None
    scale, zero = first
    dtype = DATA_TYPES[helper.np_dtype_to_tensor_dtype(zero.dtype)]
    info = graph.input_info(name)
    shape = shape_of(info) or ()
    axis = next((attribute.i for attribute in nodes[0].attribute if attribute.name == "axis"), 1) % max(len(shape), 1)
    integers = graph.unique(f"{name}_quantised")
    for node in nodes:
        _rename(graph, node.output[0], integers)
        graph.proto.node.remove(node)
        graph.edited()
    graph.replace_input(name, [helper.make_tensor_value_info(integers, ONNX_TYPES[dtype], list(shape))])
    quantisation = Quantisation(
        QuantisationType.SCALE,
        axis if scale.size > 1 else -1,
        tuple(float(value) for value in scale.reshape(-1)),
        tuple(int(value) for value in zero.reshape(-1)),
    )
    return BorderTensor(name, integers, dtype, dimensions_of(shape), quantisation=quantisation)


def add_dequantised_input(graph: Graph, name: str, dtype: DataType, quantisation: Quantisation) -> BorderTensor:
    """Lets users give integers; ``(x - zero_point) * scale`` feeds the graph.

    Raises:
        PackError: The input does not take floats.
    """
    info = graph.input_info(name)
    element_type = info.type.tensor_type.elem_type
    if element_type not in {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE}:
        raise PackError(f"{graph.name}, input '{name}': only float inputs can become integers")
    shape = shape_of(info) or ()
    per_axis = [1] * len(shape)
    if quantisation.axis >= 0:
        per_axis[quantisation.axis] = len(quantisation.scales)
    integers = graph.unique(f"{name}_quantised")
    value = graph.prepend("Cast", [integers], to=TensorProto.FLOAT)
    zeros = np.array(quantisation.zero_points, np.float32)
    if np.any(zeros):
        constant = graph.add_constant(zeros.reshape(per_axis if zeros.size > 1 else ()), "zero")
        value = graph.prepend("Sub", [value, constant])
    scales = np.array(quantisation.scales, np.float32)
    constant = graph.add_constant(scales.reshape(per_axis if scales.size > 1 else ()), "scale")
    if element_type == TensorProto.FLOAT:
        graph.prepend("Mul", [value, constant], name)
    else:
        graph.prepend("Cast", [graph.prepend("Mul", [value, constant])], name, to=element_type)
    graph.replace_input(name, [helper.make_tensor_value_info(integers, ONNX_TYPES[dtype], list(shape))])
    return BorderTensor(name, integers, dtype, dimensions_of(shape), quantisation=quantisation)


def _parameters(graph: Graph, node: NodeProto) -> tuple[NDArray[np.generic], NDArray[np.generic]] | None:
    scale = graph.constant(node.input[1])
    if scale is None or any(attribute.name == "block_size" and attribute.i for attribute in node.attribute):
        return None
    if len(node.input) > 2 and node.input[2]:
        zero = graph.constant(node.input[2])
        return None if zero is None else (scale, zero)
    chosen = next((attribute.i for attribute in node.attribute if attribute.name == "output_dtype"), 0)
    kind = helper.tensor_dtype_to_np_dtype(chosen or TensorProto.UINT8)
    return scale, np.zeros(scale.shape, kind)


def _same(
    one: tuple[NDArray[np.generic], NDArray[np.generic]], other: tuple[NDArray[np.generic], NDArray[np.generic]] | None
) -> bool:
    return other is not None and all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True)
    )


def _rename(graph: Graph, old: str, new: str) -> None:
    for node in graph.proto.node:
        for at, value in enumerate(node.input):
            if value == old:
                node.input[at] = new
    graph.edited()
    if graph.is_output(old):
        info = next(output for output in graph.proto.output if output.name == old)
        graph.append("Identity", [new], info.name)
