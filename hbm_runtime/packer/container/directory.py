"""The directory of a host ``.hbm`` as bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from hbm_runtime.packer.container.content import (
    Blob,
    HostFile,
    Model,
    Operation,
    Quantisation,
    QuantisationType,
    Tensor,
)
from hbm_runtime.packer.container.tensor_types import DataType
from hbm_runtime.packer.errors import PackError

NO_BLOB = 0xFFFFFFFF
_T = TypeVar("_T")


@dataclass(frozen=True)
class BlobEntry:
    """Where a blob lies in the file."""

    offset: int
    size: int
    checksum: int


def encode(content: HostFile, blobs: Sequence[BlobEntry], indices: Sequence[tuple[int, int]]) -> bytes:
    """The directory's bytes.

    Args:
        content: The file; its graphs and weights are not looked at.
        blobs: Entries in the order of their offsets.
        indices: The blob numbers of each model's graph and weights (NO_BLOB for none).
    """
    out = _Encoder()
    out.bytes(content.description)
    out.text(content.march)
    out.text(content.producer)
    out.number("I", len(blobs))
    for blob in blobs:
        out.number("QQQ", blob.offset, blob.size, blob.checksum)
    out.number("I", len(content.models))
    for model, (graph, weights) in zip(content.models, indices, strict=True):
        out.text(model.name)
        out.bytes(model.description)
        out.number("III", model.core_count, graph, weights)
        for tensors in (model.inputs, model.outputs):
            out.number("I", len(tensors))
            for tensor in tensors:
                out.tensor(tensor)
        out.number("I", len(model.operations))
        for operation in model.operations:
            out.text(operation.name)
            out.text(operation.type)
    return bytes(out.data)


def decode(data: memoryview, blob_at: Callable[[BlobEntry], Blob]) -> tuple[HostFile, list[BlobEntry]]:
    """The content of a directory; ``blob_at`` gives the bytes of an entry after checking it.

    Raises:
        PackError: The directory is cut, has bytes left over, or holds impossible values.
    """
    source = _Decoder(data)
    content = HostFile(
        models=(), description=source.bytes(), march=source.text("march"), producer=source.text("producer")
    )
    entries = source.list(24, lambda: BlobEntry(*source.numbers("QQQ")))
    blobs = [blob_at(entry) for entry in entries]
    used: set[int] = set()

    def blob(index: int, what: str) -> Blob:
        if index >= len(blobs):
            raise PackError(f"the directory names blob {index} for {what}, there are {len(blobs)}")
        used.add(index)
        return blobs[index]

    def model() -> Model:
        name, description = source.text("model name"), source.bytes()
        cores, graph, weights = source.numbers("III")
        return Model(
            name=name,
            description=description,
            core_count=cores,
            graph=blob(graph, f"the graph of model '{name}'"),
            weights=None if weights == NO_BLOB else blob(weights, f"the weights of model '{name}'"),
            inputs=tuple(source.list(40, source.tensor)),
            outputs=tuple(source.list(40, source.tensor)),
            operations=tuple(source.list(8, lambda: Operation(source.text("operation"), source.text("operation")))),
        )

    content = replace(content, models=tuple(source.list(32, model)))
    source.end()
    return content, entries


class _Encoder:
    def __init__(self) -> None:
        self.data = bytearray()

    def number(self, code: str, *values: float) -> None:
        self.data += struct.pack("<" + code, *values)

    def bytes(self, value: bytes) -> None:
        self.number("I", len(value))
        self.data += value

    def text(self, value: str) -> None:
        self.bytes(value.encode())

    def list(self, code: str, values: Sequence[float]) -> None:
        self.number("I", len(values))
        self.number(code * len(values), *values)

    def tensor(self, tensor: Tensor) -> None:
        self.text(tensor.name)
        self.text(tensor.graph_name)
        self.bytes(tensor.description)
        self.number("i", tensor.dtype)
        self.list("q", tensor.shape)
        self.list("q", tensor.strides)
        self.number("q", tensor.aligned_size)
        self.number("ii", tensor.quantisation.type, tensor.quantisation.axis)
        self.list("f", tensor.quantisation.scales)
        self.list("i", tensor.quantisation.zero_points)


class _Decoder:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def _take(self, size: int) -> memoryview:
        if size > len(self._data) - self._at:
            raise PackError(f"the directory ends early: {size} bytes wanted at {self._at} of {len(self._data)}")
        self._at += size
        return self._data[self._at - size : self._at]

    def numbers(self, code: str) -> tuple[int, ...]:
        return struct.unpack("<" + code, self._take(struct.calcsize("<" + code)))

    def bytes(self) -> bytes:
        return bytes(self._take(self.numbers("I")[0]))

    def text(self, what: str) -> str:
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as error:
            raise PackError(f"{what} is not UTF-8 text: {error}") from None

    def list(self, least_size: int, element: Callable[[], _T]) -> list[_T]:
        count = self.numbers("I")[0]
        if count * least_size > len(self._data) - self._at:
            raise PackError(f"the directory announces {count} elements at {self._at}, more than it has room for")
        return [element() for _ in range(count)]

    def values(self, code: str) -> tuple[int, ...]:
        count = self.numbers("I")[0]
        size = struct.calcsize("<" + code)
        return struct.unpack(f"<{count}{code}", self._take(count * size))

    def tensor(self) -> Tensor:
        name, graph_name, description = self.text("tensor name"), self.text("tensor name"), self.bytes()
        dtype = _member(DataType, self.numbers("i")[0], f"tensor '{name}': data type")
        shape, strides = self.values("q"), self.values("q")
        size = self.numbers("q")[0]
        kind, axis = self.numbers("ii")
        return Tensor(
            name=name,
            graph_name=graph_name,
            description=description,
            dtype=dtype,
            shape=shape,
            strides=strides,
            aligned_size=size,
            quantisation=Quantisation(
                type=_member(QuantisationType, kind, f"tensor '{name}': quantisation type"),
                axis=axis,
                scales=self.values("f"),
                zero_points=self.values("i"),
            ),
        )

    def end(self) -> None:
        if self._at != len(self._data):
            raise PackError(f"{len(self._data) - self._at} bytes are left over at the end of the directory")


def _member(kind: Callable[[int], _T], value: int, what: str) -> _T:
    try:
        return kind(value)
    except ValueError:
        raise PackError(f"{what} {value} is unknown") from None
