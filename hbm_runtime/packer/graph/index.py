"""The nodes that make and that read each value of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import GraphProto, NodeProto, TensorProto


class Index:
    """Makers, readers and constants by name, found in one walk: looking for each of them would be quadratic.

    It holds the graph's own messages, so it is made again when nodes were moved or renamed.
    """

    def __init__(self, graph: GraphProto) -> None:
        self.producers: dict[str, NodeProto] = {}
        self.readers: dict[str, list[NodeProto]] = {}
        self.constants: dict[str, TensorProto] = {}
        for node in graph.node:
            self.add_node(node)
        for constant in graph.initializer:
            self.add_constant(constant)

    def add_node(self, node: NodeProto) -> None:
        """Notes a node of the main graph, behind those that are known."""
        for value in node.output:
            self.producers.setdefault(value, node)
        for value in {*node.input, *captured(node)}:
            self.readers.setdefault(value, []).append(node)

    def add_constant(self, constant: TensorProto) -> None:
        """Notes an initializer."""
        self.constants.setdefault(constant.name, constant)


class Names:
    """Names that are taken, and new ones beside them."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}  # where to go on, by name

    def add(self, taken: Iterable[str]) -> None:
        """Takes more names."""
        self._taken.update(taken)

    def take(self, name: str) -> str:
        """Takes ``name``, or where it is taken the first with a number that is free."""
        candidate, number = name, self._numbers.get(name, 1)
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._numbers[name] = number
        self._taken.add(candidate)
        return candidate


def all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """The nodes of a graph and of all graphs in them."""
    for node in graph.node:
        yield node
        for subgraph in _subgraphs(node):
            yield from all_nodes(subgraph)


def captured(node: NodeProto) -> set[str]:
    """Values of outer graphs that the subgraphs of a node read (a superset: inner values may be among them)."""
    values: set[str] = set()
    for subgraph in _subgraphs(node):
        values.update(output.name for output in subgraph.output)
        for inner in all_nodes(subgraph):
            values.update(inner.input)
    return values


def _subgraphs(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
