"""Checks of arrays against a remote model, with the texts of the local ones (`src/core/request/call_check.cpp`)."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..._core import hbDNNDataType
from ..._errors import InputError, ShapeError, UnsupportedError
from ..._running.hints import Tensor, about_input, about_output
from .model_facts import ModelFacts, TensorFacts
from .wire import Array


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
        _refuse(model, "input", facts, f"is missing; the model needs {', '.join(model.inputs)}")
    _require_known_type(model, "input", facts)
    _check_tensor(model, "input", facts, array)


def check_target(model: ModelFacts, facts: TensorFacts, array: Array | None) -> None:
    """Raises InputError or ShapeError for an array that an output cannot be copied into."""
    if array is not None:
        _require_target(model, facts, array)
    _require_known_type(model, "output", facts)
    if array is not None:
        _check_tensor(model, "output", facts, array)


def _require_known_type(model: ModelFacts, role: str, facts: TensorFacts) -> None:
    if not facts.dtype.has_dtype:
        text = f"of which this runtime can make no arrays; compile the model with 8-bit {role}s"
        _refuse(model, role, facts, f"has the element type {_describe(facts.dtype)}, {text}")


def _check_type(model: ModelFacts, role: str, facts: TensorFacts, array: Array) -> None:
    """Refuses what the driver has no name for."""
    if array.dtype.byteorder == ">":
        text = f"the array has foreign (big-endian) byte order, dtype {array.dtype}; convert it with "
        _refuse(model, role, facts, text + "array.astype(array.dtype.newbyteorder('='))")
    try:
        hbDNNDataType.from_dtype(array.dtype)
    except UnsupportedError:
        _refuse(model, role, facts, _wrong_type(facts, str(array.dtype)) + _hint(model, role, facts, array))


def _check_tensor(model: ModelFacts, role: str, facts: TensorFacts, array: Array) -> None:
    _check_type(model, role, facts, array)
    given, shape = hbDNNDataType.from_dtype(array.dtype), _wrong_shape(facts, array)
    if given != facts.dtype:
        text = _wrong_type(facts, _describe(given)) + (f"; {shape}" if shape else "")
        _refuse(model, role, facts, text + _hint(model, role, facts, array))
    if shape:
        _refuse(model, role, facts, shape + _hint(model, role, facts, array), ShapeError)


def _wrong_type(facts: TensorFacts, given: str) -> str:
    return f"expected dtype {_describe(facts.dtype)}, given {given}, and nothing is converted"


def _wrong_shape(facts: TensorFacts, array: Array) -> str:
    """Returns what is wrong with the shape; "" when it fits."""
    expected, shape = list(facts.shape), list(array.shape)
    if len(shape) != len(expected):
        text = f"expected {len(expected)} dimensions, shape {expected}, given {len(shape)}"
        return text + (f", shape {shape}" if len(shape) <= 10 else "")
    if any(own not in (-1, size) for own, size in zip(expected, shape, strict=True)):
        return f"expected shape {expected}, given {shape}" + (" (-1 stands for any size)" if -1 in expected else "")
    return ""


def _hint(model: ModelFacts, role: str, facts: TensorFacts, array: Array) -> str:
    given, wanted = Tensor(array.shape, str(array.dtype)), _tensor(facts)
    if role == "output":
        hint = about_output(given, wanted)
    elif array.ndim > 10:
        hint = ""
    else:
        hint = about_input(given, wanted, facts.name, {name: _tensor(each) for name, each in model.inputs.items()})
    return f"; {hint}" if hint else ""


def _tensor(facts: TensorFacts) -> Tensor:
    # numpy.bool is missing in numpy 1.24 to 1.26.
    name = "" if not facts.dtype.has_dtype else facts.dtype.to_dtype().name
    return Tensor(facts.shape, "bool_" if name == "bool" else name)


def _require_target(model: ModelFacts, facts: TensorFacts, array: Array) -> None:
    if not array.flags.writeable:
        _refuse(model, "output", facts, "the array is read-only")
    reach = array.itemsize
    steps = sorted((abs(step), size) for step, size in zip(array.strides, array.shape, strict=True) if size > 1)
    for step, size in steps:
        if step < reach:
            text = "elements of the array share memory with each other; pass a plain array"
            _refuse(model, "output", facts, text)
        reach += step * (size - 1)


def _refuse(
    model: ModelFacts, role: str, facts: TensorFacts, text: str, kind: type[InputError] = InputError
) -> NoReturn:
    message = f"model '{model.name}', {role} '{facts.name}': {text}"
    raise kind(message, model=model.name, tensor=facts.name)


def _describe(dtype: hbDNNDataType) -> str:
    if dtype.has_dtype:
        return f"{dtype.to_dtype().name} ({dtype.name})"
    return dtype.name if dtype.name in hbDNNDataType.__members__ else f"{int(dtype)} (unknown to this version)"


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    except BufferError:
        return True
    return True
