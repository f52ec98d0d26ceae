"""Keeps the large constants of a graph in a file, out of the memory of the process that packs."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import xxhash
from onnx import TensorProto

from hbm_runtime.packer.errors import PackError

WEIGHTS_LOCATION = "weights"
"""The location that graphs of host models name for their external data."""

_ALIGNMENT = 64


class Weights:
    """The external data of one graph, in a temporary folder that exists from the first constant to ``close()``.

    A file is the form of external data that every release of the engine reads; it maps what it needs of it, so the
    constants are in memory only while somebody uses them.
    """

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._removal: weakref.finalize[..., Weights] | None = None
        self._size = 0
        self._places: dict[bytes, tuple[int, int]] = {}

    def __len__(self) -> int:
        """Bytes so far."""
        return self._size

    def add(self, data: bytes) -> tuple[int, int]:
        """Stores a constant; equal ones are stored once.

        Returns:
            Its offset and length.

        Raises:
            PackError: There is no room for temporary files.
        """
        digest = xxhash.xxh128_digest(data)
        place = self._places.get(digest)
        if place is None or place[1] != len(data):
            with _temporary_files():
                file = self._open()
                padding = -self._size % _ALIGNMENT
                file.write(b"\0" * padding)
                file.write(data)
            place = self._places[digest] = (self._size + padding, len(data))
            self._size = sum(place)
        return place

    @property
    def stored(self) -> int:
        """Bytes of all constants, without what lies between them."""
        return sum(length for _, length in self._places.values())

    def read(self, offset: int, length: int) -> bytes:
        """The bytes of one constant."""
        if self._file is None:
            return b""
        self._file.flush()
        return os.pread(self._file.fileno(), length, offset)

    def beside(self, graph: bytes) -> Path:
        """Writes a graph to where an engine finds these weights; returns its path.

        Raises:
            PackError: There is no room for temporary files.
        """
        with _temporary_files():
            self._open().flush()
            path = Path(self._open().name).with_name("graph.onnx")
            path.write_bytes(graph)
        return path

    def mapped(self) -> memoryview | None:
        """All bytes, mapped: they stay valid after ``close()``. None when there are none.

        Raises:
            PackError: There is no room for temporary files.
            MemoryError: They cannot be mapped.
        """
        if self._file is None or self._size == 0:
            return None
        with _temporary_files():
            self._file.flush()
            return memoryview(mmap.mmap(self._file.fileno(), self._size, access=mmap.ACCESS_READ))

    def close(self) -> None:
        """Removes the folder. Happens by itself at the latest when the process ends."""
        if self._removal is not None:
            self._removal()
            self._file = self._removal = None

    def _open(self) -> BinaryIO:
        if self._file is None:
            folder = tempfile.mkdtemp(prefix="hbm_runtime-")
            try:
                self._file = (Path(folder) / WEIGHTS_LOCATION).open("w+b")
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._removal = weakref.finalize(self, _remove, self._file, folder)
        return self._file


def refer(tensor: TensorProto, offset: int, length: int) -> None:
    """Makes a tensor name a place in the weights."""
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in (("location", WEIGHTS_LOCATION), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))


def place_of(tensor: TensorProto) -> tuple[int, int]:
    """Offset and length of what ``refer`` made a tensor name."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    return int(entries["offset"]), int(entries["length"])


def _remove(file: BinaryIO, folder: str) -> None:
    with suppress(OSError):  # what could not be written is not needed any more
        file.close()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _temporary_files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError("the weights cannot be mapped") from error
        reason = "no space left" if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror or str(error)
        raise PackError(
            f"cannot keep the weights in {tempfile.gettempdir()}: {reason}; TMPDIR chooses another place"
        ) from error
