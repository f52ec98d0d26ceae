"""What the constructor takes: files or models in memory, and how they are loaded."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union

import numpy as np

from .. import _core
from .._errors import InputError, InputTypeError

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
    if not os.path.isdir(path):
        return [path]
    for suffix in (".hbm", ".onnx"):
        found = sorted(os.path.join(path, name) for name in os.listdir(path) if name.endswith(suffix))
        if found:
            return found
    raise InputError(f"the folder {path!r} has no .hbm file and no .onnx file")


def options_of(
    *,
    threads: int,
    cores: Iterable[int],
    keep: Iterable[str],
    keep_path: str | os.PathLike[str] | None,
    **switches: bool,
) -> dict[str, Any]:
    """The load options by the names of the constructor's arguments.

    Raises:
        InputError: A folder for tensors and no tensors, numbers out of all range.
        TypeError: An argument of a wrong type.
    """
    names = [keep] if isinstance(keep, str) else _items("keep", keep, "names of tensors")
    for name in names:
        if not isinstance(name, str):
            raise InputTypeError(
                f"keep must be a list of names of tensors; one of them is of type {type(name).__name__}"
            )
    for name, value in switches.items():
        if not isinstance(value, (bool, int, np.bool_)):
            raise InputTypeError(f"{name} must be True or False, not {type(value).__name__}")
    if keep_path is not None and not names:
        raise InputError("keep_path is given, but keep names no tensor to write there; keep='*' writes all")
    return {
        **{name: bool(value) for name, value in switches.items()},
        "threads": _integer("threads", threads),
        "cores": [_integer("a number in cores", core) for core in _items("cores", cores, "int")],
        "keep": names,
        "keep_path": None if keep_path is None else os.fspath(keep_path),
    }


def _items(name: str, value: Any, of: str) -> list[Any]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InputTypeError(f"{name} must be a list of {of}, not {type(value).__name__}")
    return list(value)


def _integer(name: str, value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InputTypeError(f"{name} must be an int, not {type(value).__name__}") from None
    if abs(number) >= 2**31:
        raise InputError(f"{name} is {number}, more than any machine has")
    return number


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
