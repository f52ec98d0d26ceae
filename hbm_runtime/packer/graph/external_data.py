"""Reads constants that lie in other files, which may only be beside the model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from onnx import GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto

from hbm_runtime.packer.errors import PackError


class ExternalData:
    """The files with constants of one model.

    A file may lie in or below the folder of the model's path, or that of the file that this path links to, as in the
    cache of a model hub where model and weights are links into one folder. What counts is where files really are.

    Args:
        path: The model's file; None for a model in memory, whose constants have to be inside.
        where: What messages call the model.
    """

    def __init__(self, path: Path | None, where: str) -> None:
        self._where = where
        self._named = [] if path is None else [path.absolute().parent, Path(os.path.realpath(path)).parent]
        self._real = [Path(os.path.realpath(folder)) for folder in self._named]

    def embed(self, tensor: TensorProto) -> None:
        """Puts the values of a constant inside of it, where they are not yet.

        Raises:
            PackError: The file is missing, too short, or not beside the model.
        """
        if tensor.data_location != TensorProto.EXTERNAL:
            return
        place = {entry.key: entry.value for entry in tensor.external_data}
        path = self.find(tensor)
        try:
            offset, length = int(place.get("offset") or 0), int(place["length"]) if place.get("length") else None
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if not 0 <= offset <= size or not 0 <= (length or 0) <= size - offset:
                    raise self._error(tensor, f"which has {size} bytes, too few for offset {offset}, length {length}")
                file.seek(offset)
                tensor.raw_data = file.read(size - offset if length is None else length)
        except ValueError as error:
            raise self._error(tensor, f"at a place that is no number: {error}") from None
        except OSError as error:
            raise self._error(tensor, f"which cannot be read: {error.strerror}") from None
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]

    def find(self, tensor: TensorProto) -> Path:
        """The real path of the file with a constant's values.

        Raises:
            PackError: There is no such file, or it is not beside the model.
        """
        location = location_of(tensor)
        if not self._named:
            raise self._error(tensor, "another file; give the path of the model")
        if not location or location.startswith("/") or "\0" in location:
            raise self._error(tensor, "which is no path relative to the model's folder")
        for folder in self._named:
            real = Path(os.path.realpath(folder / location))
            if not real.exists():
                continue
            if not any(real.is_relative_to(allowed) for allowed in self._real):
                raise self._error(tensor, f"which leads out of the model's folder to '{real}'; put it beside the model")
            if not real.is_file():
                raise self._error(tensor, "which is no file")
            return real
        raise self._error(tensor, f"which is not there; it belongs into the folder '{self._named[0]}'")

    def _error(self, tensor: TensorProto, text: str) -> PackError:
        message = f"{self._where}: the values of '{tensor.name}' lie in '{location_of(tensor)}', {text}"
        return PackError(message, tensor=tensor.name)


def location_of(tensor: TensorProto) -> str:
    """What the constant says about where its values are, empty when they are inside."""
    if tensor.data_location != TensorProto.EXTERNAL:
        return ""
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def all_constants(model: ModelProto) -> Iterator[TensorProto]:
    """The constants of a model: of its graph, of nodes and of the graphs in them, and of its functions."""
    yield from _constants(model.graph)
    for function in model.functions:
        yield from _of_nodes(function.node)


def _constants(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from _parts(sparse)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[NodeProto]) -> Iterator[TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for sparse in [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []:
                yield from _parts(sparse)
            for sparse in attribute.sparse_tensors:
                yield from _parts(sparse)
            for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                yield from _constants(graph)


def _parts(sparse: SparseTensorProto) -> Iterator[TensorProto]:
    yield sparse.values
    yield sparse.indices
