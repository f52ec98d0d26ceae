"""A model as nodes and edges.

The driver reports inputs and outputs of every model, and on bpusim its operations. How operations are connected is in
the ONNX graph, which ONNX files and host files have; for other models, and for graphs too large to be looked at, one
node with the number of operations of each kind stands for all of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbm_runtime import HB_HBMRuntime, UnsupportedError
from hbm_runtime._models.tensor_info import TensorInfo
from hbm_runtime.cli.models import LoadedModels, ModelFacts

if TYPE_CHECKING:
    from onnx import GraphProto

MAX_OPERATIONS = 400
_MAX_KINDS = 12


class Kind(Enum):
    """What a node stands for."""

    INPUT = "input"
    OUTPUT = "output"
    OPERATION = "operation"
    SUMMARY = "summary"


@dataclass(frozen=True)
class Node:
    """One box.

    Attributes:
        kind: The kind of thing that it stands for.
        lines: The lines that are written in it.
        title: The text that is shown when somebody points at it.
    """

    kind: Kind
    lines: tuple[str, ...]
    title: str


@dataclass
class ModelGraph:
    """Nodes, and edges as pairs of their indices."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, kind: Kind, lines: tuple[str, ...], title: str) -> int:
        """Appends a node; returns its index."""
        self.nodes.append(Node(kind, lines, title))
        return len(self.nodes) - 1


def describe_graph(models: LoadedModels, model: ModelFacts) -> ModelGraph:
    """Finds out as much of a model's graph as there is to know."""
    known = _onnx_graph(models, model.name)
    if known is not None and len(known[0].node) <= MAX_OPERATIONS:
        return _whole(model, *known)
    return _summary(model, _operation_types(models, model.name, known[0] if known else None))


def _summary(model: ModelFacts, types: list[str]) -> ModelGraph:
    graph = ModelGraph(model.name)
    counts = Counter(types).most_common()
    lines = [f"{count} x {kind}" for kind, count in counts[:_MAX_KINDS]]
    if counts[_MAX_KINDS:]:
        lines.append(f"... {len(counts) - _MAX_KINDS} more kinds")
    inputs = [_tensor(graph, Kind.INPUT, tensor) for tensor in model.inputs]
    middle = graph.add(Kind.SUMMARY, (model.name, *lines), f"{len(types)} operations" if types else model.name)
    outputs = [_tensor(graph, Kind.OUTPUT, tensor) for tensor in model.outputs]
    graph.edges = [(node, middle) for node in inputs] + [(middle, node) for node in outputs]
    return graph


def _whole(model: ModelFacts, source: GraphProto, graph_names: dict[str, str]) -> ModelGraph:
    graph = ModelGraph(model.name)
    made_by = {graph_names.get(tensor.name, tensor.name): _tensor(graph, Kind.INPUT, tensor) for tensor in model.inputs}
    edges: dict[tuple[int, int], None] = {}
    for operation in source.node:
        attributes = ", ".join(attribute.name for attribute in operation.attribute)
        title = f"{operation.op_type} {operation.name}" + (f" ({attributes})" if attributes else "")
        node = graph.add(Kind.OPERATION, (operation.op_type,), title)
        edges.update({(made_by[name], node): None for name in operation.input if name in made_by})
        made_by.update({name: node for name in operation.output if name})
    for tensor in model.outputs:
        node = _tensor(graph, Kind.OUTPUT, tensor)
        name = graph_names.get(tensor.name, tensor.name)
        if name in made_by:
            edges[made_by[name], node] = None
    graph.edges = list(edges)
    return graph


def _tensor(graph: ModelGraph, kind: Kind, tensor: TensorInfo) -> int:
    shape = " x ".join(name or str(size) for name, size in zip(tensor.dim_names, tensor.shape, strict=True))
    quant = "" if tensor.quant.quant_type.name == "NONE" else f" {tensor.quant.quant_type.name}"
    return graph.add(kind, (tensor.name, f"{tensor.dtype.name}  {shape}{quant}"), f"{kind.value} {tensor.name}")


def _operation_types(models: LoadedModels, name: str, source: GraphProto | None) -> list[str]:
    if source is not None:
        return [operation.op_type for operation in source.node]
    if not isinstance(models.runtime, HB_HBMRuntime):
        return []
    try:
        return [operation.type for operation in models.runtime.operations(name)]
    except UnsupportedError:
        return []


def _onnx_graph(models: LoadedModels, name: str) -> tuple[GraphProto, dict[str, str]] | None:
    """The ONNX graph of a model and its names for the model's tensors; None where the files have none."""
    try:
        import onnx  # noqa: PLC0415 (in an extra)

        from hbm_runtime.packer import is_host_model, read_file  # noqa: PLC0415
    except ImportError:
        return None
    for file in map(Path, models.files):
        if file.suffix == ".onnx" and file.stem == name:
            return onnx.load(file, load_external_data=False).graph, {}
        if is_host_model(file):
            for packed in read_file(file).models:
                if packed.name == name:
                    proto: Any = onnx.load_model_from_string(bytes(packed.graph))
                    return proto.graph, {tensor.name: tensor.graph_name for tensor in packed.inputs + packed.outputs}
    return None
