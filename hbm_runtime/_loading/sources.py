"""What the constructor takes: files or models in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .. import _core
from .._errors import InputError

PathOrBuffer = str | bytes | os.PathLike[str] | os.PathLike[bytes] | bytearray | memoryview

_LONGEST_PATH = 4096


class Sources(NamedTuple):
    """Where models come from: either files or buffers."""

    keys: list[str]
    """The paths as given, or ``<memory:0>`` and so on."""

    buffers: list[Any]
    """The models in memory; empty for files."""

    @property
    def in_memory(self) -> bool:
        """Returns True if the models are in memory."""
        return bool(self.buffers)


def sources_of(given: PathOrBuffer | Iterable[PathOrBuffer]) -> Sources:
    """Distinguishes paths from buffers.

    Raises:
        TypeError: Something else, or both at once.
        InputError: A path with a NUL character.
    """
    sources: list[Any] = [given] if _is_source(given) else _listed(given)
    buffers = [source for source in sources if not _is_path(source)]
    if buffers and len(buffers) != len(sources):
        raise TypeError("HB_HBMRuntime() takes paths or models in memory, not both in one call")
    if buffers:
        return Sources([f"<memory:{index}>" for index in range(len(buffers))], buffers)
    paths = [os.fsdecode(os.fspath(source)) for source in sources]
    for key in paths:
        if "\0" in key:
            raise InputError(f"a path cannot contain a NUL character: {key!r}")
        try:
            os.fsencode(key)
        except UnicodeEncodeError as error:
            raise InputError(f"a path with {key[error.start]!r} cannot be a file's: {key!r}") from None
    return Sources([file for path in paths for file in _files_of(path)], [])


def _files_of(path: str) -> list[str]:
    """The model files of a folder, compiled ones where it has any; the path itself for everything else."""
    return [os.fsdecode(file) for file in _core.model_files(os.fsencode(path))] if os.path.isdir(path) else [path]


def _is_path(source: Any) -> bool:
    if isinstance(source, bytes):
        return len(source) <= _LONGEST_PATH and b"\0" not in source
    return isinstance(source, (str, os.PathLike))


def _is_source(source: Any) -> bool:
    if isinstance(source, (str, os.PathLike)):
        return True
    try:
        memoryview(source)
    except TypeError:
        return False
    return True


def _listed(sources: Any) -> list[Any]:
    if not isinstance(sources, Iterable) or isinstance(sources, Mapping):
        raise TypeError(f"a model must be a path or a buffer, not {type(sources).__name__}")
    listed = list(sources)
    for source in listed:
        if not _is_source(source):
            raise TypeError(f"a model must be a path or a buffer, not {type(source).__name__}")
    return listed
