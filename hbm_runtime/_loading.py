"""What the constructor takes: files or models in memory, and how they are loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union

from . import _core
from ._errors import InputError

PathOrBuffer = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]", bytearray, memoryview]

_LONGEST_PATH = 4096


class Sources(NamedTuple):
    """Where models come from: either files or buffers."""

    keys: list[str]
    """The paths as given, or ``<memory:0>`` and so on."""

    buffers: list[Any]
    """The models in memory; empty for files."""

    @property
    def in_memory(self) -> bool:
        """Whether the models are in memory."""
        return bool(self.buffers)


def sources_of(given: PathOrBuffer | Iterable[PathOrBuffer]) -> Sources:
    """Tells paths from buffers.

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
    keys = [os.fsdecode(os.fspath(source)) for source in sources]
    for key in keys:
        if "\0" in key:
            raise InputError(f"a path cannot contain a NUL character: {key!r}")
        try:
            os.fsencode(key)
        except UnicodeEncodeError as error:
            raise InputError(f"a path with {key[error.start]!r} cannot be a file's: {key!r}") from None
    return Sources(keys, [])


def options_of(
    *, cores: Iterable[int], keep: Iterable[str], keep_path: str | os.PathLike[str] | None, **others: object
) -> dict[str, Any]:
    """The load options by the names of the constructor's arguments.

    Raises:
        InputError: A folder for tensors and no tensors.
        TypeError: A text in place of a list of numbers.
    """
    if isinstance(cores, (str, bytes)):
        raise TypeError(f"cores must be a list of int, not {type(cores).__name__}")
    names = [keep] if isinstance(keep, str) else list(keep)
    if keep_path is not None and not names:
        raise InputError("keep_path is given, but keep names no tensor to write there; keep='*' writes all")
    folder = None if keep_path is None else os.fspath(keep_path)
    return {**others, "cores": list(cores), "keep": names, "keep_path": folder}


def load_options(options: dict[str, Any]) -> _core.LoadOptions:
    """The same for the C++ side."""
    return _core.LoadOptions(
        threads=options["threads"],
        cpus=options["cores"],
        flush_denormals=options["flush_denormals"],
        save_memory=options["save_memory"],
        profile=options["profile_operators"],
        keep=options["keep"],
        keep_folder=options["keep_path"] or "",
    )


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
