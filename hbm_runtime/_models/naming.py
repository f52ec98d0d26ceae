"""Tensors given by name, or as a sequence in the model's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._errors import InputError


def by_name(model: str, role: str, names: Mapping[str, Any], given: Any) -> Any:
    """The dict that a list or tuple stands for; everything else is returned as it is.

    Args:
        model: Name of the model, for messages.
        role: "input" or "output".
        names: Of the model's tensors of that role, in the model's order.
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
    """The error about a tensor that a model does not have."""
    valid = ", ".join(f"'{known}'" for known in names)
    return InputError(f"model '{model}' has no {role} '{name}'; its {role}s are {valid}", model=model, tensor=str(name))
