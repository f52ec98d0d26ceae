"""Load options: the keywords of the constructor, checked and on their way to the extension, which lists them."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from .. import _core
from .._errors import InputError, InputTypeError

REWRITE = "rewrite"
"""The option that is no driver's: ONNX models are rewritten before they are loaded."""


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Checks load options by keyword, and gives them as plain values that can be pickled.

    Raises:
        InputError: A folder for tensors and no tensors, numbers out of all range.
        TypeError: An argument of a wrong type.
    """
    kinds = {**_core._load_option_kinds(), REWRITE: "flag"}
    plain = {name: _CHECKS[kinds[name]](name, value) for name, value in options.items()}
    if plain.get("keep_path") is not None and not plain.get("keep"):
        raise InputError("keep_path is given, but keep names no tensor to write there; keep='*' writes all")
    return plain


def cpu_affinity_of(cpu_affinity: Iterable[int], cores: Iterable[int] | None) -> Iterable[int]:
    """Gives the CPUs that a caller named, also by the keyword of 1.0.0."""
    if cores is None:
        return cpu_affinity
    warnings.warn("cores= is called cpu_affinity= now", DeprecationWarning, stacklevel=3)
    return cores


def of_today(options: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the options of a pickle, which 1.0.0 may have written, their present names."""
    return {"cpu_affinity" if name == "cores" else name: value for name, value in options.items()}


def for_extension(options: Mapping[str, Any], passphrase: str | bytes | None) -> dict[str, Any]:
    """Gives checked options the form that the extension takes.

    Raises:
        InputError: An empty passphrase.
        InputTypeError: A passphrase that is neither text nor bytes.
    """
    given = {
        name: os.fsencode(value) if isinstance(value, str) else value
        for name, value in options.items()
        if value is not None and name != REWRITE
    }
    if passphrase is None:
        return given
    from ..encryption.passphrases import secret_of  # noqa: PLC0415 (few models are encrypted)

    return {**given, "passphrase": secret_of(passphrase)}


def _number(name: str, value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InputTypeError(f"{name} must be an int, not {type(value).__name__}") from None
    if abs(number) >= 2**31:
        raise InputError(f"{name} is {number}, more than any machine has")
    return number


def _numbers(name: str, value: Any) -> list[int]:
    return [_number(f"a number in {name}", each) for each in _items(name, value, "int")]


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, int, np.bool_)):
        raise InputTypeError(f"{name} must be True or False, not {type(value).__name__}")
    return bool(value)


def _texts(name: str, value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else _items(name, value, "names of tensors")
    for text in texts:
        if not isinstance(text, str):
            kind = type(text).__name__
            raise InputTypeError(f"{name} must be a list of names of tensors; one of them is of type {kind}")
    return texts


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InputTypeError(f"{name} must be a name, not {type(value).__name__}")
    return value


def _path(_name: str, value: Any) -> str | bytes | None:
    return None if value is None else os.fspath(value)


def _items(name: str, value: Any, of: str) -> list[Any]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InputTypeError(f"{name} must be a list of {of}, not {type(value).__name__}")
    return list(value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "number": _number,
    "numbers": _numbers,
    "flag": _flag,
    "text": _text,
    "texts": _texts,
    "path": _path,
}
