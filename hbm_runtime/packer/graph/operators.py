"""Finds operators that no engine could run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from onnx import GraphProto

from hbm_runtime.packer.engine import ReportedOutputs, Session, engine_available, unsupported_operators
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.checks import check_nodes
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.trial import can_try, try_model


def try_graph(graph: Graph, seconds: float) -> ReportedOutputs:
    """Loads the graph, and runs it once in a process of its own unless ``seconds`` is 0.

    Returns:
        What the engine says about the outputs; empty when there is no engine.

    Raises:
        PackError: The engine ends with the graph, or refuses it. Where it is not tried: onnx refuses a node that could
            end this process. The text names all operators that the engine lacks.
    """
    if not engine_available():
        return {}
    try:
        if seconds > 0 and can_try():
            return try_model(graph.weights.beside(graph.model.SerializeToString()), graph.name, seconds)
        check_nodes(graph.model, graph.name)  # this process is the one that would end
        return _load(graph).reported_outputs()
    except PackError:
        _check_operators(graph)
        raise


def _check_operators(graph: Graph) -> None:
    """Raises PackError that names all operators the engine lacks."""
    local = {(function.domain, function.name) for function in graph.model.functions}
    counts = Counter(_operators(graph.proto))
    for function in graph.model.functions:
        counts.update((node.domain, node.op_type) for node in function.node)
    opsets = {"" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in graph.model.opset_import}
    missing = unsupported_operators({key: count for key, count in counts.items() if key not in local}, opsets)
    if missing:
        raise PackError(
            f"{graph.name} uses operators that the engine does not have: {', '.join(missing)}; replace them, cut them "
            "off with output_nodes, or define them as functions in the model"
        )


def check_loads(graph: Graph) -> None:
    """Raises PackError when the engine refuses the finished graph; does nothing where there is no engine."""
    if engine_available():
        _load(graph, optimise=False)


def _load(graph: Graph, *, optimise: bool = True) -> Session:
    try:
        return Session(graph.model.SerializeToString(), graph.weights, optimise=optimise, threads=1)
    except PackError as error:
        raise PackError(f"{graph.name}: {error}") from error


def _operators(graph: GraphProto) -> Iterator[tuple[str, str]]:
    for node in graph.node:
        yield node.domain, node.op_type
        for attribute in node.attribute:
            for subgraph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                yield from _operators(subgraph)
