"""Sets the shapes of inputs, and infers types, shapes and largest shapes of outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from onnx import ModelProto, TensorShapeProto, ValueInfoProto

from hbm_runtime.packer.container import DYNAMIC
from hbm_runtime.packer.container.rules import MAX_DIMENSION, MAX_DIMENSIONS, MAX_SIZE
from hbm_runtime.packer.engine import ReportedOutputs, Session
from hbm_runtime.packer.errors import PackError, about
from hbm_runtime.packer.graph.element_types import ENGINE_TYPES
from hbm_runtime.packer.graph.graph import Graph, shape_of
from hbm_runtime.packer.graph.load import infer_shapes

_LARGEST_ELEMENT = 8
"""Bytes."""


def set_input_shapes(graph: Graph, shapes: Mapping[str, Sequence[int]]) -> None:
    """Gives inputs fixed shapes and infers those of the outputs.

    Raises:
        PackError: The rank differs, a fixed dimension would change, or the shapes do not fit the graph.
    """
    changed = False
    for name, shape in shapes.items():
        with about(tensor=name):
            changed |= _set_input_shape(graph, name, shape)
    if changed:
        _infer_outputs(graph)


def _set_input_shape(graph: Graph, name: str, shape: Sequence[int]) -> bool:
    """True when that changed the input."""
    changed = False
    dims = graph.input_info(name).type.tensor_type.shape.dim
    old = shape_of(graph.input_info(name)) or ()
    where = f"{graph.name}, input '{name}'"
    if len(shape) != len(dims):
        raise PackError(f"{where}: shape {list(shape)} has {len(shape)} dimensions, the model has {len(dims)}")
    for at, (dimension, wanted) in enumerate(zip(old, shape, strict=True)):
        if wanted != DYNAMIC and wanted < 1:
            raise PackError(f"{where}: dimension {wanted} in shape {list(shape)}")
        if isinstance(dimension, int) and dimension != wanted:
            if at != 0:
                raise PackError(f"{where}: shape {list(shape)} does not fit {list(old)} of the model")
            changed = True
        if wanted == DYNAMIC:
            continue
        changed = changed or dimension != wanted
        dims[at].Clear()
        dims[at].dim_value = wanted
    return changed


def largest_output_shapes(graph: Graph, shapes: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Shapes of outputs for inputs of these largest shapes, as far as they can be inferred."""
    if not shapes:
        return {}
    copy = Graph(ModelProto.FromString(graph.model.SerializeToString()), graph.weights, graph.name)
    set_input_shapes(copy, shapes)
    complete_output_shapes(copy)
    found = {}
    for output in copy.proto.output:
        shape = tuple(dimension for dimension in shape_of(output) or () if isinstance(dimension, int))
        if len(shape) == len(shape_of(output) or ()):
            found[output.name] = shape
    return found


def complete_outputs(graph: Graph, reported: ReportedOutputs) -> bool:
    """Takes over what the engine says about types and dimensions of outputs.

    It folds constants further than shape inference does, and knows its own operators. What contradicts the graph's
    declaration becomes dynamic there, so that the result can have the size that it has.

    Returns:
        True when something contradicted a declaration. From that the engine may have concluded more.
    """
    contradicted = False
    for output in graph.proto.output:
        if output.name not in reported:
            continue
        kind, shape = reported[output.name]
        tensor = output.type.tensor_type
        if not output.type.WhichOneof("value") or not tensor.elem_type:
            element = ENGINE_TYPES.get(kind)
            if element is None:
                continue
            tensor.elem_type = element
        declared = shape_of(output)
        if not _is_possible(shape or declared or ()):
            tensor.ClearField("shape")  # a declaration that may be wrong: only a run shows the shape
            continue
        if shape and len(declared or ()) != len(shape):
            contradicted |= declared is not None
            del tensor.shape.dim[:]
            tensor.shape.dim.extend([TensorShapeProto.Dimension() for _ in shape])
        for dimension, known in zip(tensor.shape.dim, shape, strict=False):
            value = dimension.dim_value if dimension.HasField("dim_value") else None
            if isinstance(known, int) and known >= 0:
                contradicted |= value not in {None, known}
                dimension.Clear()
                dimension.dim_value = known
            elif not isinstance(known, str) and value is not None:
                contradicted = True
                dimension.Clear()
    return contradicted


def _is_possible(shape: Sequence[int | str | None]) -> bool:
    """Returns True if a driver's tensor can have this shape."""
    known = [dimension for dimension in shape if isinstance(dimension, int)]
    size = math.prod(max(dimension, 1) for dimension in known) * _LARGEST_ELEMENT
    return len(shape) <= MAX_DIMENSIONS and max(known, default=0) <= MAX_DIMENSION and size <= MAX_SIZE


def complete_output_shapes(graph: Graph) -> None:
    """Asks the engine for dimensions of outputs that are unknown although all inputs are fixed."""
    if any(not _is_fixed(info) for info in graph.proto.input) or all(_is_fixed(info) for info in graph.proto.output):
        return
    try:
        session = Session(graph.model.SerializeToString(), graph.weights)
    except PackError:
        return
    complete_outputs(graph, session.reported_outputs())


def _is_fixed(info: ValueInfoProto) -> bool:
    shape = shape_of(info)
    return shape is not None and all(isinstance(dimension, int) for dimension in shape)


def _infer_outputs(graph: Graph) -> None:
    """Recomputes the shapes of outputs; what cannot be inferred keeps its declared rank with unknown dimensions."""
    declared = [len(shape_of(output) or ()) for output in graph.proto.output]
    for output in graph.proto.output:
        output.type.tensor_type.ClearField("shape")
    del graph.proto.value_info[:]
    inferred = infer_shapes(graph.model).graph
    for output, rank, known in zip(graph.proto.output, declared, inferred.output, strict=True):
        output.CopyFrom(known)
        if not output.type.tensor_type.HasField("shape"):
            for _ in range(rank):
                output.type.tensor_type.shape.dim.add()
