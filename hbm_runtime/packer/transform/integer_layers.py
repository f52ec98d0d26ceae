"""Lets engines compute quantised layers in integers where they could only compute them in floats.

An engine computes a layer in integers when its inputs come from DequantizeLinear nodes and its result goes straight to
a QuantizeLinear. A Relu in between is in the way, unless the zero point is the type's least value; so are pooling,
reshaping and joining. Quantising the layer's result already in front of them, with the parameters of the
QuantizeLinear behind them, lets the engine fuse the layer.

The integers stay the same. Call the quantisation q and the dequantised integers p(x). All operators in between give
each element as the largest, the smallest or a copy of elements and constants. q never falls when x grows, so it can
be exchanged with all of those, and q(p(x)) = q(x): the result is the same whether x or p(x) goes in. This does not
hold for operators that compute other numbers, such as LeakyRelu, Sigmoid or an average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import AttributeProto, NodeProto, TensorProto, numpy_helper

from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import Rewriting
from hbm_runtime.packer.transform.processors import sums_bytes_exactly

# By operator: which inputs are selected from, None for all of them.
_SELECTING: dict[str, tuple[int, ...] | None] = {
    "Relu": (0,),
    "Clip": (0,),
    "Max": None,
    "Min": None,
    "MaxPool": (0,),
    "GlobalMaxPool": (0,),
    "Concat": None,
    "Identity": (0,),
    "Reshape": (0,),
    "Flatten": (0,),
    "Squeeze": (0,),
    "Unsqueeze": (0,),
    "Transpose": (0,),
    "Slice": (0,),
    "Gather": (0,),
    "Expand": (0,),
    "Tile": (0,),
    "Pad": (0,),
    "Resize": (0,),
    "DepthToSpace": (0,),
    "SpaceToDepth": (0,),
}
_LAYERS = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2, "MatMul": 2, "Add": 2}  # inputs that have to be dequantised
# In this range (q - zero) * scale / scale comes back to the same integer in float32.
_MIN_SCALE, _LARGEST_SCALE = 1e-30, 1e30


@dataclass(frozen=True)
class _Found:
    layer: NodeProto
    first: NodeProto  # reads the layer's result
    quantiser: NodeProto


def pair_layers(graph: Graph, when: Rewriting) -> int:
    """Puts QuantizeLinear and DequantizeLinear behind layers that engines can then compute in integers.

    Layers with a result that others read, too, are left alone: they would not be fused.

    Args:
        graph: Edited in place.
        when: AUTO leaves the graph alone where this processor would compute other integers, see
            ``sums_bytes_exactly``.

    Returns:
        How many layers got a pair.
    """
    if when == Rewriting.NEVER:
        return 0
    finder = _Finder(graph)
    found = [each for layer in graph.proto.node if (each := finder.look(layer)) is not None]
    if not found or (when == Rewriting.AUTO and not sums_bytes_exactly(graph)):
        return 0
    behind: dict[str, list[NodeProto]] = {}
    for each in found:
        result, parameters = each.layer.output[0], each.quantiser.input[1:]
        settings = {entry.name: entry for entry in each.quantiser.attribute if entry.name != "axis"}
        quantise = graph.new_node("QuantizeLinear", [result, *parameters])
        quantise.attribute.extend(settings.values())
        dequantise = graph.new_node("DequantizeLinear", [quantise.output[0], *parameters])
        behind[each.layer.output[0]] = [quantise, dequantise]
        for at, value in enumerate(each.first.input):
            if value == result:
                each.first.input[at] = dequantise.output[0]
    nodes = [made for node in graph.proto.node for made in (node, *behind.get(next(iter(node.output), ""), ()))]
    del graph.proto.node[:]
    graph.proto.node.extend(nodes)
    graph.edited()
    return len(found)


class _Finder:
    """Looks for layers with selecting operators between them and a QuantizeLinear."""

    def __init__(self, graph: Graph) -> None:
        self._readers = graph.readers()
        self._producers = {value: node for node in graph.proto.node for value in node.output}
        self._outputs = {output.name for output in graph.proto.output}
        self._constants = {tensor.name: tensor for tensor in graph.proto.initializer}

    def look(self, layer: NodeProto) -> _Found | None:
        if layer.domain or layer.op_type not in _LAYERS or not self._takes_integers(layer):
            return None
        first = self._only_reader(layer.output[0])
        if first is None or first.op_type == "QuantizeLinear":
            return None
        node: NodeProto | None = first
        value, passed = layer.output[0], []
        while node is not None and _selects(node, value):
            passed.append(node.op_type)
            value = node.output[0]
            quantiser = self._quantiser_of(value)
            if quantiser is not None:
                return None if self._is_absorbed(passed, quantiser) else _Found(layer, first, quantiser)
            node = self._only_reader(value)
        return None

    def _takes_integers(self, layer: NodeProto) -> bool:
        inputs = [self._producers.get(value) for value in layer.input[: _LAYERS[layer.op_type]]]
        if len(inputs) == _LAYERS[layer.op_type] and all(map(_dequantises, inputs)):
            return True
        if layer.op_type != "Add":
            return False
        # The bias of a matrix product.
        for product, value in zip(inputs, reversed(layer.input), strict=False):
            bias = value in self._constants or _dequantises(self._producers.get(value))
            if bias and product is not None and product.op_type == "MatMul" and not product.domain:
                return self._only_reader(product.output[0]) is layer and self._takes_integers(product)
        return False

    def _only_reader(self, value: str) -> NodeProto | None:
        readers = self._readers.get(value, [])
        return readers[0] if len(readers) == 1 and value not in self._outputs else None

    def _quantiser_of(self, value: str) -> NodeProto | None:
        """The QuantizeLinear nodes that alone read a value, when all of them do the same."""
        readers = self._readers.get(value, [])
        if not readers or value in self._outputs:
            return None
        first = readers[0]
        if any(node.op_type != "QuantizeLinear" or node.domain or node.input[0] != value for node in readers):
            return None
        alike = all(node.input[1:] == first.input[1:] and node.attribute == first.attribute for node in readers)
        return first if alike and self._is_plain(first) else None

    def _is_plain(self, quantiser: NodeProto) -> bool:
        """Returns True if it has constant parameters for the whole tensor, of bytes and float32."""
        if any(value and value not in self._constants for value in quantiser.input[1:]):
            return False
        scale, zero = self._number(quantiser.input[1]), self._zero_point(quantiser)
        known = {"axis", "saturate", "output_dtype"}
        if any(entry.name not in known and _is_set(entry) for entry in quantiser.attribute):
            return False
        return (
            isinstance(scale, np.float32)
            and _MIN_SCALE < float(scale) < _LARGEST_SCALE
            and isinstance(zero, np.int8 | np.uint8)
        )

    def _number(self, name: str) -> np.generic | None:
        """The value of a constant that is one number."""
        tensor = self._constants.get(name)
        if tensor is None or tensor.data_location == TensorProto.EXTERNAL:
            return None
        values = numpy_helper.to_array(tensor)
        return values.reshape(-1)[0] if values.size == 1 else None

    def _zero_point(self, quantiser: NodeProto) -> np.generic | None:
        if len(quantiser.input) > 2 and quantiser.input[2]:
            return self._number(quantiser.input[2])
        chosen = next((entry.i for entry in quantiser.attribute if entry.name == "output_dtype"), 0)
        return {0: np.uint8(0), TensorProto.UINT8: np.uint8(0), TensorProto.INT8: np.int8(0)}.get(chosen)

    def _is_absorbed(self, passed: list[str], quantiser: NodeProto) -> bool:
        """Engines drop a Relu in front of a quantisation that cuts off there anyway."""
        zero = self._zero_point(quantiser)
        return passed == ["Relu"] and zero is not None and int(zero) == np.iinfo(zero.dtype.name).min


def _selects(node: NodeProto, value: str) -> bool:
    """Returns True if each element of the result is the largest, the smallest or a copy of those of ``value``."""
    if node.domain or node.op_type not in _SELECTING or len(node.output) != 1:
        return False
    places = _SELECTING[node.op_type]
    if any(name == value and places is not None and at not in places for at, name in enumerate(node.input)):
        return False
    if node.op_type == "Resize":
        # Other modes compute means; without a mode it is nearest.
        return all(entry.name != "mode" or entry.s == b"nearest" for entry in node.attribute)
    return True


def _dequantises(node: NodeProto | None) -> bool:
    return node is not None and node.op_type == "DequantizeLinear" and not node.domain


def _is_set(entry: AttributeProto) -> bool:
    return bool(entry.i or entry.s or entry.f)
