"""Makes a failing case smaller: fewer outputs, and only what computes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import onnx
from google.protobuf.message import Message
from onnx import GraphProto, ModelProto

from .cases import Case

_LONGEST = 4000


def shrunk(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The case with as few outputs as still fail; ``case`` itself when no part of it fails."""
    names = [output.name for output in case.model.graph.output]
    for kept in [*([name] for name in names), *([other for other in names if other != name] for name in names)]:
        if 0 < len(kept) < len(names):
            smaller = with_outputs(case, kept)
            if fails(smaller):
                return shrunk(smaller, fails)
    whole = with_outputs(case, names)
    return whole if fails(whole) else case


def with_outputs(case: Case, names: Iterable[str]) -> Case:
    """The case with these outputs alone, without the nodes, constants and inputs that they do not need."""
    model = ModelProto.FromString(case.model.SerializeToString())
    graph, kept = model.graph, set(names)
    _keep(graph.output, [output for output in graph.output if output.name in kept])
    needed = set(kept)
    nodes = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= _used(node)
    _keep(graph.node, nodes[::-1])
    _keep(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in needed])
    _keep(graph.input, [given for given in graph.input if given.name in needed])
    inputs = {given.name for given in graph.input}
    calls = [{name: array for name, array in call.items() if name in inputs} for call in case.calls]
    return dataclasses.replace(case, model=model, calls=calls)


def as_text(model: ModelProto) -> str:
    """The model in ONNX's own notation; long constants are cut."""
    lines = onnx.printer.to_text(model).splitlines()
    return "\n".join(line if len(line) <= _LONGEST else line[:_LONGEST] + " ..." for line in lines)


def _used(node: onnx.NodeProto) -> set[str]:
    """Names that a node reads, also in the graphs inside it."""
    names = set(node.input)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            names |= _read(attribute.g)
    return names


def _read(graph: GraphProto) -> set[str]:
    return {output.name for output in graph.output}.union(*(_used(node) for node in graph.node))


def _keep(field: Any, entries: Sequence[Message]) -> None:
    copies = [type(entry).FromString(entry.SerializeToString()) for entry in entries]
    del field[:]
    field.extend(copies)
