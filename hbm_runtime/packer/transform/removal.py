"""Takes nodes off the border of the graph, as ``remove_node_type`` and ``remove_node_name`` ask.

On a board's model a ``Dequantize`` stands behind every quantised output and a ``Quantize`` before every float input.
A trained float graph has none of them; removing one then means that users see integers there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from onnx import NodeProto, TensorProto

from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.graph.load import infer_shapes

REMOVABLE_TYPES = ("Quantize", "Dequantize", "Transpose", "Cast", "Reshape", "Softmax")

_KIND = {
    "QuantizeLinear": "Quantize",
    "DequantizeLinear": "Dequantize",
    "Transpose": "Transpose",
    "Cast": "Cast",
    "Reshape": "Reshape",
    "Softmax": "Softmax",
}
_FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE}
_QUANTISED_SUFFIXES = ("", "_HzDequantize", "_HzCalibration")


@dataclass(frozen=True)
class Removal:
    """What removal leaves to be done.

    Attributes:
        quantised_outputs: Names of outputs that users see as integers.
        quantised_inputs: Names of inputs that users give as integers.
        output_values: The value that each output gives now, by the output's name.
        input_values: The value that each input is now, by the input's name.
    """

    quantised_outputs: set[str] = field(default_factory=set)
    quantised_inputs: set[str] = field(default_factory=set)
    output_values: dict[str, str] = field(default_factory=dict)
    input_values: dict[str, str] = field(default_factory=dict)


def remove_border_nodes(
    graph: Graph, types: Iterable[str], names: Iterable[str], image_inputs: Iterable[str]
) -> Removal:
    """Removes what is asked for, one node after another from the border inwards.

    Args:
        graph: Edited in place.
        types: Kinds of nodes, out of REMOVABLE_TYPES.
        names: Single nodes.
        image_inputs: Inputs that become images: nothing can be removed there.

    Raises:
        PackError: An unknown kind, or a name that is no removable node.
    """
    wanted_types, wanted_names = set(types), dict.fromkeys(names)
    for kind in sorted(wanted_types):
        if kind not in REMOVABLE_TYPES:
            raise PackError(f"remove_node_type: '{kind}' cannot be removed; possible are {', '.join(REMOVABLE_TYPES)}")
    walk = _Walk(graph, wanted_types, wanted_names)
    for name in [output.name for output in graph.proto.output]:
        walk.output(name)
    for name in [info.name for info in graph.proto.input]:
        if name not in set(image_inputs):
            walk.input(name)
    unknown = [name for name in wanted_names if name not in walk.found]
    if unknown:
        raise PackError(
            f"{graph.name}: remove_node_name: no removable node is called {', '.join(map(repr, unknown))}; "
            f"removable are {', '.join(map(repr, dict.fromkeys(walk.seen))) or 'none'}"
        )
    walk.apply()
    return walk.result


class _Walk:
    def __init__(self, graph: Graph, types: set[str], names: dict[str, None]) -> None:
        self.graph = graph
        self.types = types
        self.names = names
        self.found: set[str] = set()
        self.seen: list[str] = []
        self.result = Removal()

    def selected(self, kind: str, names: list[str]) -> bool:
        self.seen.append(names[0])
        matching = [name for name in names if name in self.names]
        self.found.update(matching)
        return bool(matching) or kind in self.types

    def output(self, name: str) -> None:
        value = name
        while True:
            node = self.graph.producer(value)
            if node is None or _KIND.get(node.op_type) in {None, "Quantize", "Dequantize"} or node.domain:
                break
            if not self.selected(_KIND[node.op_type], [node.name]):
                break
            value = node.input[0]
        self.result.output_values[name] = value
        if self._is_float(value) and self.selected("Dequantize", self._dequantise_names(name, value)):
            self.result.quantised_outputs.add(name)

    def input(self, name: str) -> None:
        value = name
        while True:
            consumers = self.graph.consumers(value)
            if len(consumers) != 1 or self.graph.is_output(value):
                break
            node = consumers[0]
            if _KIND.get(node.op_type) in {None, "Quantize", "Dequantize", "Softmax"} or node.input[0] != value:
                break
            if not self.selected(_KIND[node.op_type], [node.name]):
                break
            value = node.output[0]
        self.result.input_values[name] = value
        quantise = [node.name for node in self.graph.consumers(value) if node.op_type == "QuantizeLinear"]
        is_float = self.graph.input_info(name).type.tensor_type.elem_type in _FLOATS
        if is_float and self.selected("Quantize", [*quantise, f"{name}_HzQuantize", name]):
            self.result.quantised_inputs.add(name)

    def _dequantise_names(self, name: str, value: str) -> list[str]:
        """Under what names tools list the node that makes floats of this output."""
        source = self._behind_layout(value)
        names = [source.name] if source is not None else []
        tensors = [value, name, *(source.output if source is not None else [])]
        if source is not None:
            tensors.append(f"{source.name}_output_0")
        return [*names, *(tensor + suffix for tensor in tensors for suffix in _QUANTISED_SUFFIXES)]

    def _behind_layout(self, value: str) -> NodeProto | None:
        node = self.graph.producer(value)
        while node is not None and node.op_type in {"Transpose", "Reshape", "Identity"}:
            before = self.graph.producer(node.input[0])
            if before is None:
                break
            node = before
        return node

    def _is_float(self, value: str) -> bool:
        info = self.graph.info(value)
        if info is None:
            inferred = infer_shapes(self.graph.model).graph
            info = next((entry for entry in inferred.value_info if entry.name == value), None)
        return info is None or info.type.tensor_type.elem_type in _FLOATS

    def apply(self) -> None:
        changed = [(old, new) for old, new in self.result.output_values.items() if old != new]
        changed_inputs = [(old, new) for old, new in self.result.input_values.items() if old != new]
        if not changed and not changed_inputs:
            return
        inferred = infer_shapes(self.graph.model).graph
        infos = {info.name: info for info in [*inferred.value_info, *inferred.input, *inferred.output]}
        for border, changes in ((self.graph.proto.output, changed), (self.graph.proto.input, changed_inputs)):
            for old, new in changes:
                if new not in infos:
                    raise PackError(f"{self.graph.name}: the type of '{new}' cannot be inferred, so it cannot be seen")
                at = [info.name for info in border].index(old)
                border[at].CopyFrom(infos[new])
        for _, new in changed_inputs:
            maker = self.graph.producer(new)
            if maker is not None:
                self.graph.proto.node.remove(maker)
                self.graph.edited()
        self.graph.remove_dead_nodes()
