"""Checks of arrays against a remote model, with the texts of the local ones (`src/core/request/call_check.cpp`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbm_runtime import _core
from hbm_runtime._running.fitting import refuse, require_fit

from ..models.facts import ModelFacts, TensorFacts
from ..transports.wire import Array


def is_array_like(value: Any) -> bool:
    """Returns True for what a run takes as an array: numpy's, and what has a buffer, `__array__` or `__dlpack__`."""
    if isinstance(value, np.ndarray):
        return True
    if isinstance(value, (str, np.generic)):
        return False
    return _has_buffer(value) or hasattr(value, "__array__") or hasattr(value, "__dlpack__")


def as_array(value: Any) -> Array:
    """Returns a numpy array on the same memory if possible; nothing is cast."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__array__"):
        return np.asarray(value)
    if _has_buffer(value):
        return np.asarray(memoryview(value))
    return np.from_dlpack(value)


def check_input(model: ModelFacts, facts: TensorFacts, array: Array | None) -> None:
    """Raises InputError or ShapeError for an input that is missing or does not fit."""
    if array is None:
        refuse(model.name, "input", facts.name, f"is missing; the model needs {', '.join(model.inputs)}")
    _require_known_type(model, "input", facts)
    require_fit(model.name, "input", facts, array, model.inputs)


def check_target(model: ModelFacts, facts: TensorFacts, array: Array | None) -> None:
    """Raises InputError or ShapeError for an array that an output cannot be copied into."""
    if array is not None:
        _require_target(model, facts, array)
    _require_known_type(model, "output", facts)
    if array is not None:
        require_fit(model.name, "output", facts, array, model.inputs)


def _require_known_type(model: ModelFacts, role: str, facts: TensorFacts) -> None:
    if not facts.dtype.has_dtype:
        text = f"of which this runtime can make no arrays; compile the model with 8-bit {role}s"
        refuse(model.name, role, facts.name, f"has the element type {_core._describe_type(int(facts.dtype))}, {text}")


def _require_target(model: ModelFacts, facts: TensorFacts, array: Array) -> None:
    if not array.flags.writeable:
        refuse(model.name, "output", facts.name, "the array is read-only")
    reach = array.itemsize
    steps = sorted((abs(step), size) for step, size in zip(array.strides, array.shape, strict=True) if size > 1)
    for step, size in steps:
        if step < reach:
            text = "elements of the array share memory with each other; pass a plain array"
            refuse(model.name, "output", facts.name, text)
        reach += step * (size - 1)


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    except BufferError:
        return True
    return True
