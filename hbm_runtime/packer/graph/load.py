"""Reads ONNX models into editable graphs, and refuses what a driver could never run."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto, shape_inference, version_converter

from hbm_runtime.packer.container.rules import MAX_DIMENSIONS
from hbm_runtime.packer.errors import PackError, about
from hbm_runtime.packer.graph.element_types import DATA_TYPES, type_name
from hbm_runtime.packer.graph.external_data import ExternalData, all_constants, location_of
from hbm_runtime.packer.graph.graph import Graph, shape_of
from hbm_runtime.packer.graph.separation import separate_weights
from hbm_runtime.packer.graph.weights import Weights

Source = str | os.PathLike[str] | bytes | ModelProto
"""A path, the bytes of a serialized model, or a model."""


class ModelFile:
    """An ONNX file that is parsed once, when somebody wants to know what is in it. Its external data is not read."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._proto: ModelProto | None = None

    @property
    def proto(self) -> ModelProto:
        """The model. Raises PackError: no such file, or no ONNX model."""
        if self._proto is None:
            self._proto = _parse(self.path)
        return self._proto

    def take(self) -> ModelProto:
        """The same, and lets go of it: what is large in it can go while it is read."""
        proto, self._proto = self.proto, None
        return proto


# The first version with Round, integer Clip and the coordinate modes of Resize that added nodes need.
_MIN_OPSET = 11
# The first version in which constants need not be inputs.
_MIN_IR_VERSION = 4


def load_graph(source: Source | ModelFile, name: str | None = None, *, editable: bool = True) -> tuple[str, Graph]:
    """Reads a model and takes its weights apart.

    Args:
        source: The model. A ``ModelProto`` is copied, not changed; of a ``ModelFile`` the model is taken.
        name: Name of the model; None takes the file's stem, or the name of the graph, or ``model``.
        editable: Raise the operator set to what added nodes need. That can change how the model computes.

    Returns:
        The name and the graph.

    Raises:
        PackError: No such file, no ONNX model, or tensors that the driver's interface cannot express.
    """
    weights = Weights()
    try:
        model, name = _read(source, name, weights)
        with about(model=name):
            graph = _graph_of(model, weights, f"model '{name}'", editable=editable)
    except BaseException:
        weights.close()
        raise
    return name, graph


def read_inputs(file: ModelFile) -> list[ValueInfoProto]:
    """What an ONNX file takes.

    Raises:
        PackError: No such file, or no ONNX model.
    """
    constants = {tensor.name for tensor in file.proto.graph.initializer}
    infos = [info for info in file.proto.graph.input if info.name not in constants]
    # Copies, so that the model itself does not stay in memory.
    return [ValueInfoProto.FromString(info.SerializeToString()) for info in infos]


def external_files(file: ModelFile) -> list[Path]:
    """The files beside an ONNX file that hold its external data.

    Raises:
        PackError: No such file, or no ONNX model.
    """
    locations = {location_of(tensor) for tensor in all_constants(file.proto)} - {""}
    return [file.path.parent / location for location in sorted(locations)]


def _graph_of(model: ModelProto, weights: Weights, where: str, *, editable: bool) -> Graph:
    if not model.HasField("graph") or not model.graph.output:
        raise PackError(f"{where}: this is not an ONNX model with outputs")
    listed = _drop_constant_inputs(model.graph)
    if model.ir_version < _MIN_IR_VERSION:
        # In these versions every constant is listed, and engines take none of them for a default.
        listed, model.ir_version = [], _MIN_IR_VERSION
    _name_nodes(model)
    if editable:
        model = _raise_opset(model, where)
    graph = Graph(model, weights, where, listed)
    _infer_missing_types(graph)
    check_border(graph, complete=False)
    return graph


def _parse(path: Path) -> ModelProto:
    """The model in a file, without its external data."""
    try:
        if os.path.getsize(path) > onnx.checker.MAXIMUM_PROTOBUF:
            raise PackError(
                f"{path}: ONNX files are protobuf messages, which have at most 2 GiB; save the weights as external data"
            )
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from None
    except PackError:
        raise
    except (DecodeError, ValueError) as error:
        raise PackError(f"{path} is not an ONNX model: {error}") from None
    if not model.HasField("graph"):
        raise PackError(f"{path} is not an ONNX model")
    return model


def _read(source: Source | ModelFile, name: str | None, weights: Weights) -> tuple[ModelProto, str]:
    """A model without its large constants, which go to ``weights``, and its name."""
    if isinstance(source, str | os.PathLike):
        source = ModelFile(source)
    if isinstance(source, ModelFile):
        path = source.path
        # A file name is bytes, the name of a packed model is text.
        name = os.fsencode(path.stem).decode(errors="backslashreplace") if name is None else name
        try:
            with about(model=name):
                return separate_weights(source.take(), ExternalData(path, f"model '{name}'"), weights), name
        except ValueError as error:
            if isinstance(error, PackError):
                raise
            raise PackError(f"the constants of {path} are damaged: {error}") from None
    if isinstance(source, ModelProto):
        model = source
    else:
        try:
            model = onnx.load_model_from_string(bytes(source))
        except (DecodeError, ValueError) as error:
            raise PackError(f"these bytes are not an ONNX model: {error}") from None
    name = model.graph.name or "model" if name is None else name
    with about(model=name):
        return separate_weights(model, ExternalData(None, f"model '{name}'"), weights), name


def _drop_constant_inputs(graph: GraphProto) -> list[ValueInfoProto]:
    """Takes constants that are also listed as inputs (old exporters do that) off the list; returns their infos."""
    constants = {tensor.name for tensor in graph.initializer}
    infos = list(graph.input)
    del graph.input[:]
    graph.input.extend(info for info in infos if info.name not in constants)
    return [info for info in infos if info.name in constants]


def _name_nodes(model: ModelProto) -> None:
    """Gives unnamed nodes a name, so that profiles and messages can speak of them."""
    taken = {node.name for node in model.graph.node}
    for number, node in enumerate(model.graph.node):
        if isinstance(node.name, bytes):  # what is no UTF-8
            node.name = node.name.decode(errors="backslashreplace")
        if not node.name:
            name = f"{node.op_type}_{number}"
            while name in taken:
                name += "_"
            taken.add(name)
            node.name = name


def _raise_opset(model: ModelProto, where: str) -> ModelProto:
    opset = next((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), 0)
    if opset == 0 or opset >= _MIN_OPSET:
        return model
    try:
        return version_converter.convert_version(model, _MIN_OPSET)
    except (RuntimeError, ValueError) as error:
        raise PackError(
            f"{where} uses operator set {opset} and cannot be converted to {_MIN_OPSET}; export it with a newer one "
            f"({str(error).strip().splitlines()[-1]})"
        ) from None


def _infer_missing_types(graph: Graph) -> None:
    """Takes over what inference knows about outputs that declare no type or no shape.

    It believes declarations, so it is not shown those of the other outputs, which may be wrong.
    """
    if all(map(_is_declared, graph.proto.output)):
        return
    undeclared = ModelProto.FromString(graph.model.SerializeToString())
    for output in undeclared.graph.output:
        if output.type.WhichOneof("value") == "tensor_type":
            output.type.tensor_type.ClearField("shape")
    inferred = infer_shapes(undeclared).graph
    for output, known in zip(graph.proto.output, inferred.output, strict=True):
        if not _is_declared(output):
            output.type.MergeFrom(known.type)


def _is_declared(info: ValueInfoProto) -> bool:
    kind = info.type.WhichOneof("value")
    tensor = info.type.tensor_type
    return kind not in {None, "tensor_type"} or bool(tensor.elem_type and tensor.HasField("shape"))


def infer_shapes(model: ModelProto) -> ModelProto:
    """``model`` with the types and shapes that can be known; unchanged when inference fails."""
    try:
        return shape_inference.infer_shapes(model, data_prop=True)
    except (shape_inference.InferenceError, RuntimeError, ValueError):
        return model


def check_border(graph: Graph, *, complete: bool = True) -> None:
    """Raises PackError when no driver could have the inputs or outputs.

    Args:
        graph: The graph.
        complete: Outputs must have a type and a possible rank; False leaves them time to get one.
    """
    for kind, infos in (("input", graph.proto.input), ("output", graph.proto.output)):
        for info in infos:
            with about(tensor=str(info.name)):
                _check_border_value(graph, kind, info, complete=complete)


def _check_border_value(graph: Graph, kind: str, info: ValueInfoProto, *, complete: bool) -> None:
    where = f"{graph.name}, {kind} '{info.name}'"
    if isinstance(info.name, bytes):
        raise PackError(f"{graph.name}: the name {info.name!r} of an {kind} is no UTF-8 text; rename it")
    if not complete and kind == "output" and not info.type.WhichOneof("value"):
        return
    if not info.type.HasField("tensor_type"):
        raise PackError(f"{where} is no tensor (sequences, maps and optionals cannot be packed)")
    element = info.type.tensor_type.elem_type
    if element == TensorProto.UNDEFINED and kind == "output" and not complete:
        return
    if element == TensorProto.UNDEFINED:
        raise PackError(f"{where}: the model does not say its data type")
    if element not in DATA_TYPES:
        raise PackError(f"{where}: data type {type_name(element)} cannot be packed")
    shape = shape_of(info)
    if shape is None and kind == "output":
        return  # known after a run
    if shape is None:
        raise PackError(f"{where}: the model does not say how many dimensions it has")
    if len(shape) > MAX_DIMENSIONS and (complete or kind == "input"):
        raise PackError(f"{where}: {len(shape)} dimensions, at most {MAX_DIMENSIONS} are possible")
