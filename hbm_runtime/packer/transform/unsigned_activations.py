"""Rewrites signed 8-bit activations as unsigned ones.

Engines on x86-64 have fast kernels for unsigned activations with signed weights only. Adding 128 to the zero point and
to the integers themselves changes no number that the integers stand for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import Rewriting
from hbm_runtime.packer.transform.processors import sums_bytes_exactly


def rewrite_signed_activations(graph: Graph, when: Rewriting) -> int:
    """Rewrites every QuantizeLinear to int8 whose result only DequantizeLinear nodes read.

    AUTO leaves the graph alone where this processor would compute other numbers: without instructions that sum 8-bit
    products in 32 bits, and with weights so large that sums in 16 bits can overflow.

    Returns:
        How many activations were rewritten.
    """
    if when == Rewriting.NEVER:
        return 0
    readers = graph.readers()
    outputs = {output.name for output in graph.proto.output}
    found: list[list[tuple[NodeProto, NDArray[np.int8]]]] = []
    for node in graph.proto.node:
        if node.op_type != "QuantizeLinear" or node.domain or node.output[0] in outputs:
            continue
        dequantisers = readers.get(node.output[0], [])
        if not dequantisers or not all(_undoes(reader, node.output[0]) for reader in dequantisers):
            continue
        # Each has its own: nothing keeps a graph from dequantising with another one.
        zeros = [(each, _signed_zero_point(graph, each)) for each in (node, *dequantisers)]
        known = [(each, zero) for each, zero in zeros if zero is not None]
        if len(known) == len(zeros):
            found.append(known)
    if not found or (when == Rewriting.AUTO and not sums_bytes_exactly(graph)):
        return 0
    constants: dict[bytes, str] = {}
    for each, zero in (pair for pairs in found for pair in pairs):
        shifted = (zero.astype(np.int16) + 128).astype(np.uint8)
        key = repr(shifted.shape).encode() + shifted.tobytes()
        if key not in constants:
            constants[key] = graph.add_constant(shifted, "unsigned_zero_point")
        _set_zero_point(each, constants[key])
    graph.edited()
    return len(found)


def _signed_zero_point(graph: Graph, node: NodeProto) -> NDArray[np.int8] | None:
    """The zero point of a node that makes or reads signed bytes; None where it is not known or of another type."""
    if len(node.input) > 2 and node.input[2]:
        zero = graph.constant(node.input[2])
        return zero.astype(np.int8) if zero is not None and zero.dtype == np.int8 else None
    signed = any(attribute.name == "output_dtype" and attribute.i == 3 for attribute in node.attribute)
    if signed or node.op_type == "DequantizeLinear":
        scale = graph.constant(node.input[1])
        return None if scale is None else np.zeros(scale.shape, np.int8)
    return None


def _undoes(reader: NodeProto, value: str) -> bool:
    return reader.op_type == "DequantizeLinear" and not reader.domain and reader.input[0] == value


def _set_zero_point(node: NodeProto, constant: str) -> None:
    if len(node.input) > 2:
        node.input[2] = constant
    else:
        node.input.append(constant)
    kept = [attribute for attribute in node.attribute if attribute.name != "output_dtype"]
    if len(kept) != len(node.attribute):
        del node.attribute[:]
        node.attribute.extend(kept)
