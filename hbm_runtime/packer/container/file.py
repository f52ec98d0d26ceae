"""Reading and writing host ``.hbm`` files."""

from __future__ import annotations

import io
import mmap
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import xxhash

from hbm_runtime._errors import InputError
from hbm_runtime._files import writing_failure, written_file
from hbm_runtime.packer.container import directory
from hbm_runtime.packer.container.content import Blob, HostFile
from hbm_runtime.packer.container.directory import NO_BLOB, BlobEntry
from hbm_runtime.packer.container.rules import check_file
from hbm_runtime.packer.errors import PackError

MAGIC = b"\x89HBMH\r\n\x1a"
_ENCRYPTED = b"HBMCRYPT"  # what `hbm_runtime.encryption` writes
VERSION = 1
ALIGNMENT = 4096
_HEADER = struct.Struct("<8sIIQQQQQ")
_HEADER_SIZE = 64


def write_file(
    path: str | os.PathLike[str], content: HostFile, *, inputs: Iterable[str | os.PathLike[str]] = ()
) -> None:
    """Writes ``content`` to ``path``, all or nothing. Equal blobs are stored once; equal content gives equal bytes.

    Args:
        path: The file; a FIFO or a device is written to and stays what it is.
        content: What to write.
        inputs: Files that the content was made from; ``path`` must be none of them.

    Raises:
        PackError: The content breaks a rule of the format, or the file cannot be written.
    """
    check_file(content)
    try:
        with written_file(path, inputs=inputs) as file:
            _write(file, content)
    except InputError as error:
        raise PackError(str(error)) from None
    except OSError as error:
        raise PackError(writing_failure(path, error)) from error


def to_bytes(content: HostFile) -> bytes:
    """Gives what `write_file` would write.

    Raises:
        PackError: The content breaks a rule of the format.
    """
    check_file(content)
    memory = io.BytesIO()
    _write(memory, content)
    return memory.getvalue()


def read_file(path: str | os.PathLike[str]) -> HostFile:
    """Maps and checks a host ``.hbm``; graphs and weights are views into the mapping.

    Raises:
        PackError: The file cannot be read, is no host model, or is damaged.
    """
    try:
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise PackError(f"{path}: the file is empty")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return read_bytes(data)
    except PackError as error:
        raise PackError(f"{path}: {error}") from None


def is_host_model(path: str | os.PathLike[str]) -> bool:
    """Returns True if the file starts like a host ``.hbm``. Says nothing about the rest."""
    with Path(path).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_bytes(data: Blob) -> HostFile:
    """Checks a host ``.hbm`` in memory; graphs and weights are views into ``data``.

    Raises:
        PackError: It is no host model, or it is damaged.
    """
    view = memoryview(data).cast("B")
    if bytes(view[: len(_ENCRYPTED)]) == _ENCRYPTED:
        raise PackError("the file is encrypted; hbm_runtime.encryption.decrypt_model() writes a plain one")
    if len(view) < _HEADER_SIZE or bytes(view[: len(MAGIC)]) != MAGIC:
        raise PackError("this is not a host model (a .hbm that hbm-runtime pack wrote)")
    _, version, flags, size, offset, length, checksum, reserved = _HEADER.unpack_from(view)
    (header_checksum,) = struct.unpack_from("<Q", view, _HEADER.size)
    if _digest(view[: _HEADER.size]) != header_checksum:
        raise PackError("the header is damaged (checksum)")
    if version != VERSION:
        raise PackError(f"host model format {version}, this version reads {VERSION}; pack the model again")
    if flags != 0 or reserved != 0 or offset != _HEADER_SIZE:
        raise PackError("the header holds values that this version does not know")
    if size != len(view):
        raise PackError(f"the file has {len(view)} bytes, its header says {size}: it was cut or extended")
    if length > size - offset:
        raise PackError("the directory reaches beyond the end of the file")
    listing = view[offset : offset + length]
    if _digest(listing) != checksum:
        raise PackError("the directory is damaged (checksum)")
    end = offset + length

    def blob_at(entry: BlobEntry) -> Blob:
        nonlocal end
        if entry.offset % ALIGNMENT or entry.offset < end or entry.size < 1 or entry.size > size - entry.offset:
            raise PackError("the directory places a blob where none can be")
        if any(view[end : entry.offset]):
            raise PackError("bytes between two parts of the file are not zero")
        end = entry.offset + entry.size
        blob = view[entry.offset : end]
        if _digest(blob) != entry.checksum:
            raise PackError(f"the blob at {entry.offset} is damaged (checksum)")
        return blob

    content, _ = directory.decode(listing, blob_at)
    if end != size:
        raise PackError("bytes are left over at the end of the file")
    check_file(content)
    return content


def _write(file: BinaryIO, content: HostFile) -> None:
    blobs, indices = _collect(content)
    entries = [BlobEntry(0, len(blob), _digest(blob)) for blob in blobs]
    # Offsets do not change the directory's length, so its size is known before them.
    length = len(directory.encode(content, entries, indices))
    position = _HEADER_SIZE + length
    placed = []
    for entry in entries:
        position = _round_up(position)
        placed.append(BlobEntry(position, entry.size, entry.checksum))
        position += entry.size
    listing = directory.encode(content, placed, indices)
    header = _HEADER.pack(MAGIC, VERSION, 0, position, _HEADER_SIZE, len(listing), _digest(listing), 0)
    file.write(header + struct.pack("<Q", _digest(header)))
    file.write(listing)
    for entry, blob in zip(placed, blobs, strict=True):
        file.write(b"\0" * (entry.offset - file.tell()))
        file.write(blob)


def _collect(content: HostFile) -> tuple[list[Blob], list[tuple[int, int]]]:
    """The different blobs of all models, and for each model the numbers of its graph and weights."""
    blobs: list[Blob] = []
    known: dict[tuple[int, int], list[int]] = {}

    def number(blob: Blob) -> int:
        same = known.setdefault((len(blob), _digest(blob)), [])
        for index in same:
            if memoryview(blobs[index]) == memoryview(blob):
                return index
        same.append(len(blobs))
        blobs.append(blob)
        return len(blobs) - 1

    indices = [
        (number(model.graph), NO_BLOB if model.weights is None else number(model.weights)) for model in content.models
    ]
    return blobs, indices


def _digest(data: Blob) -> int:
    return xxhash.xxh64_intdigest(data)


def _round_up(value: int) -> int:
    return -(-value // ALIGNMENT) * ALIGNMENT
