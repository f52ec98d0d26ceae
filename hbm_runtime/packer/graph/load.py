"""Reads ONNX models into editable graphs, and refuses what a driver could never run."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto, shape_inference, version_converter

from hbm_runtime.packer.container.rules import MAX_DIMENSIONS
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.element_types import DATA_TYPES, type_name
from hbm_runtime.packer.graph.graph import Graph, shape_of
from hbm_runtime.packer.graph.weights import lift_constants, take_weights

Source = str | os.PathLike[str] | bytes | ModelProto
"""A path, the bytes of a serialized model, or a model."""

# The first version with Round, integer Clip and the coordinate modes of Resize that added nodes need.
_LEAST_OPSET = 11


def load_graph(source: Source, name: str | None = None) -> tuple[str, Graph]:
    """Reads a model and takes its weights apart.

    Args:
        source: The model. A ``ModelProto`` is copied, not changed.
        name: Name of the model; None takes the file's stem, or the name of the graph, or ``model``.

    Returns:
        The name and the graph.

    Raises:
        PackError: No such file, no ONNX model, or tensors that the driver's interface cannot express.
    """
    model, default = _read(source)
    if name is None:
        name = default
    where = f"model '{name}'"
    if not model.HasField("graph") or not model.graph.output:
        raise PackError(f"{where}: this is not an ONNX model with outputs")
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            raise PackError(
                f"{where}: the values of '{tensor.name}' lie in another file; give the path of the model instead"
            )
    lift_constants(model)
    weights = take_weights(model)
    # A round trip through bytes gives back the memory of the constants that left the message.
    model = ModelProto.FromString(model.SerializeToString(deterministic=True))
    _drop_constant_inputs(model)
    _name_nodes(model)
    model = _raise_opset(model, where)
    graph = Graph(model, weights, where)
    _infer_missing_types(graph)
    _check_border(graph)
    return name, graph


def read_model(path: str | os.PathLike[str]) -> ModelProto:
    """Reads an ONNX file with its external data.

    Raises:
        PackError: No such file, or no ONNX model.
    """
    try:
        model = onnx.load(Path(path))
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from None
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        raise PackError(f"{path} is not an ONNX model, or its external data is missing: {error}") from None
    if not model.HasField("graph"):
        raise PackError(f"{path} is not an ONNX model")
    return model


def _read(source: Source) -> tuple[ModelProto, str]:
    if isinstance(source, ModelProto):
        copy = ModelProto()
        copy.CopyFrom(source)
        return copy, source.graph.name or "model"
    if isinstance(source, bytes | bytearray | memoryview):
        try:
            model = onnx.load_model_from_string(bytes(source))
        except (DecodeError, ValueError) as error:
            raise PackError(f"these bytes are not an ONNX model: {error}") from None
        return model, model.graph.name or "model"
    return read_model(source), Path(source).stem


def _drop_constant_inputs(model: ModelProto) -> None:
    """Constants that are also listed as inputs (old exporters do that) are constants."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [info for info in model.graph.input if info.name not in constants]
    if len(inputs) != len(model.graph.input):
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        model.ir_version = max(model.ir_version, 4)


def _name_nodes(model: ModelProto) -> None:
    """Gives unnamed nodes a name, so that profiles and messages can speak of them."""
    taken = {node.name for node in model.graph.node}
    for number, node in enumerate(model.graph.node):
        if not node.name:
            name = f"{node.op_type}_{number}"
            while name in taken:
                name += "_"
            taken.add(name)
            node.name = name


def _raise_opset(model: ModelProto, where: str) -> ModelProto:
    opset = next((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), 0)
    if opset == 0 or opset >= _LEAST_OPSET:
        return model
    try:
        return version_converter.convert_version(model, _LEAST_OPSET)
    except (RuntimeError, ValueError) as error:
        raise PackError(
            f"{where} uses operator set {opset} and cannot be converted to {_LEAST_OPSET}; export it with a newer one "
            f"({str(error).strip().splitlines()[-1]})"
        ) from None


def _infer_missing_types(graph: Graph) -> None:
    infos = [*graph.proto.input, *graph.proto.output]
    if all(info.type.tensor_type.elem_type and info.type.tensor_type.HasField("shape") for info in infos):
        return
    inferred = infer_shapes(graph.model)
    graph.model.graph.CopyFrom(inferred.graph)


def infer_shapes(model: ModelProto) -> ModelProto:
    """``model`` with the types and shapes that can be known; unchanged when inference fails."""
    try:
        return shape_inference.infer_shapes(model, data_prop=True)
    except (shape_inference.InferenceError, RuntimeError, ValueError):
        return model


def _check_border(graph: Graph) -> None:
    for kind, infos in (("input", graph.proto.input), ("output", graph.proto.output)):
        for info in infos:
            where = f"{graph.name}, {kind} '{info.name}'"
            if not info.type.HasField("tensor_type"):
                raise PackError(f"{where} is no tensor (sequences, maps and optionals cannot be packed)")
            element = info.type.tensor_type.elem_type
            if element == TensorProto.UNDEFINED:
                raise PackError(f"{where}: the model does not say its data type")
            if element not in DATA_TYPES:
                raise PackError(f"{where}: data type {type_name(element)} cannot be packed")
            shape = shape_of(info)
            if shape is None:
                raise PackError(f"{where}: the model does not say how many dimensions it has")
            if len(shape) > MAX_DIMENSIONS:
                raise PackError(f"{where}: {len(shape)} dimensions, at most {MAX_DIMENSIONS} are possible")
