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
    found = []
    for node in graph.proto.node:
        if node.op_type != "QuantizeLinear" or node.domain or node.output[0] in outputs:
            continue
        zero = _signed_zero_point(graph, node)
        dequantisers = readers.get(node.output[0], [])
        if zero is None or not dequantisers:
            continue
        if all(_undoes(graph, reader, node.output[0]) for reader in dequantisers):
            found.append((node, dequantisers, zero))
    if not found or (when == Rewriting.AUTO and not sums_bytes_exactly(graph)):
        return 0
    constants: dict[bytes, str] = {}
    for node, dequantisers, zero in found:
        shifted = (zero.astype(np.int16) + 128).astype(np.uint8)
        key = repr(shifted.shape).encode() + shifted.tobytes()
        if key not in constants:
            constants[key] = graph.add_constant(shifted, "unsigned_zero_point")
        for each in (node, *dequantisers):
            _set_zero_point(each, constants[key])
    return len(found)


def _signed_zero_point(graph: Graph, node: NodeProto) -> NDArray[np.int8] | None:
    if len(node.input) > 2 and node.input[2]:
        zero = graph.constant(node.input[2])
        return zero.astype(np.int8) if zero is not None and zero.dtype == np.int8 else None
    if any(attribute.name == "output_dtype" and attribute.i == 3 for attribute in node.attribute):
        scale = graph.constant(node.input[1])
        return None if scale is None else np.zeros(scale.shape, np.int8)
    return None


def _undoes(graph: Graph, reader: NodeProto, value: str) -> bool:
    if reader.op_type != "DequantizeLinear" or reader.domain or reader.input[0] != value:
        return False
    if len(reader.input) > 2 and reader.input[2]:
        return graph.constant(reader.input[2]) is not None
    return True


def _set_zero_point(node: NodeProto, constant: str) -> None:
    if len(node.input) > 2:
        node.input[2] = constant
    else:
        node.input.append(constant)
    kept = [attribute for attribute in node.attribute if attribute.name != "output_dtype"]
    if len(kept) != len(node.attribute):
        del node.attribute[:]
        node.attribute.extend(kept)
