"""Tensors given by name, or as a sequence in the model's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import _core
from .._errors import InputError


def name_values(model: str, role: str, names: Mapping[str, Any], given: Any) -> Any:
    """Returns a list or tuple of values as a dict by tensor name; everything else is returned as it is.

    Args:
        model: Name of the model, for messages.
        role: "input" or "output".
        names: Names of the model's tensors of that role, in the model's order.
        given: What the caller passed.

    Raises:
        InputError: More or fewer values than tensors.
    """
    if not isinstance(given, (list, tuple)):
        return given
    if len(given) != len(names):
        expected = ", ".join(f"'{name}'" for name in names)
        message = f"model '{model}': {len(given)} {role}s are given in order, it has {len(names)}: {expected}"
        raise InputError(message, model=model)
    return dict(zip(names, given, strict=True))


def unknown_tensor(model: str, role: str, names: Iterable[str], name: object) -> InputError:
    """Returns the error about a tensor that a model does not have."""
    text = _core._unknown_tensor(model, role, name if isinstance(name, bytes) else str(name), names)
    return InputError(text, model=model, tensor=str(name))


def unknown_model(names: Iterable[str], name: str) -> InputError:
    """Returns the error about a model that is not loaded."""
    return InputError(_core._unknown_model(name, names), model=name)
