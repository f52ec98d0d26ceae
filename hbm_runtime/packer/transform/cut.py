"""Cuts the graph at inner nodes, so that their results become the outputs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from onnx import TensorProto, ValueInfoProto

from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.graph.load import infer_shapes


def cut_at(graph: Graph, nodes: Sequence[str]) -> None:
    """Makes the results of ``nodes``, named by node or by value, the outputs, in this order.

    Raises:
        PackError: There is no such node, or the type of its result is unknown.
    """
    values: list[str] = []
    for name in nodes:
        values += [value for value in _results_of(graph, name) if value not in values]
    infos = {info.name: info for info in _known_values(graph)}
    for value in values:
        info = infos.get(value)
        if info is None or info.type.tensor_type.elem_type == TensorProto.UNDEFINED:
            raise PackError(f"{graph.name}: the type of '{value}' cannot be inferred, so it cannot become an output")
    outputs = [infos[value] for value in values]
    del graph.proto.output[:]
    graph.proto.output.extend(outputs)
    graph.remove_dead_nodes()


def _known_values(graph: Graph) -> list[ValueInfoProto]:
    inferred = infer_shapes(graph.model).graph
    return [*inferred.input, *inferred.output, *inferred.value_info]


def _results_of(graph: Graph, name: str) -> list[str]:
    for node in graph.proto.node:
        if node.name == name:
            return [output for output in node.output if output]
    if any(name in node.output for node in graph.proto.node):
        return [name]
    close = difflib.get_close_matches(name, [node.name for node in graph.proto.node], n=3)
    hint = f"; similar names: {', '.join(close)}" if close else ""
    raise PackError(f"{graph.name}: there is no node '{name}' to cut at{hint}")
