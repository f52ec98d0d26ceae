"""Tensors between the wire and numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime import InputError, ShapeError

from ..protocol.datatypes import NUMPY
from .call import InputTensor

_LARGEST_RANK = 16


def array_of(model: str, tensor: InputTensor) -> NDArray[Any]:
    """Returns a tensor's elements as an array, without a copy of raw bytes.

    Args:
        model: Name of the model, for error texts.
        tensor: The tensor, with the bytes of shared memory in `raw`.

    Raises:
        ShapeError: The shape is none, or does not fit the number of elements.
        InputError: An element type that is not supported, values that do not fit it, no elements at all.
    """
    dtype = NUMPY.get(tensor.datatype)
    if dtype is None:
        supported = ", ".join(NUMPY)
        raise InputError(
            f"model '{model}', input '{tensor.name}': the datatype {tensor.datatype!r} is not supported; "
            f"use one of {supported}",
            model=model,
            tensor=tensor.name,
        )
    shape = _checked_shape(model, tensor)
    raw = tensor.raw
    if raw is None and tensor.values is None:
        raise InputError(f"model '{model}', input '{tensor.name}': no data was sent", model=model, tensor=tensor.name)
    if raw is None:
        return _from_values(model, tensor, dtype, shape)
    expected = math.prod(shape) * dtype.itemsize
    if len(raw) != expected:
        raise ShapeError(
            f"model '{model}', input '{tensor.name}': {tensor.datatype} {list(shape)} needs {expected} bytes, "
            f"given {len(raw)}",
            model=model,
            tensor=tensor.name,
        )
    return np.frombuffer(raw, dtype).reshape(shape)


def _checked_shape(model: str, tensor: InputTensor) -> tuple[int, ...]:
    shape = tensor.shape
    valid = len(shape) <= _LARGEST_RANK and all(type(size) is int and 0 <= size < 2**63 for size in shape)
    # numpy refuses empty shapes, too, whose other sizes make too many bytes. Others are found out by their elements.
    limit = 2**60 if 0 in shape else 2**63
    if not valid or math.prod(max(size, 1) for size in shape) >= limit:
        text = str(list(shape[: _LARGEST_RANK + 1]))
        raise ShapeError(
            f"model '{model}', input '{tensor.name}': {text} is no shape; it must be a list of at most "
            f"{_LARGEST_RANK} whole numbers that are not negative",
            model=model,
            tensor=tensor.name,
        )
    return tuple(shape)


def _from_values(model: str, tensor: InputTensor, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    values: Sequence[Any] = tensor.values if tensor.values is not None else ()
    given = _natural(values, dtype)
    wanted = "b" if dtype.kind == "b" else "iu" if dtype.kind in "iu" else "iuf"
    if given.dtype.kind not in wanted + ("iu" if dtype.kind == "b" else ""):
        raise InputError(
            f"model '{model}', input '{tensor.name}': data must be a list of {tensor.datatype} values",
            model=model,
            tensor=tensor.name,
        )
    if given.size != math.prod(shape):
        raise ShapeError(
            f"model '{model}', input '{tensor.name}': the shape {list(shape)} has {math.prod(shape)} elements, "
            f"given {given.size}",
            model=model,
            tensor=tensor.name,
        )
    if given.size and dtype.kind in "biu":
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        if int(given.min()) < low or int(given.max()) > high:
            raise InputError(
                f"model '{model}', input '{tensor.name}': {tensor.datatype} values lie between {low} and {high}, "
                f"given {given.min()} to {given.max()}",
                model=model,
                tensor=tensor.name,
            )
    with np.errstate(over="ignore"):  # a float that is too large becomes infinite, as everywhere in numpy
        return given.astype(dtype).reshape(shape)


def _natural(values: Sequence[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The values in the type that they have by themselves; of type object where numpy has none."""
    try:
        given = np.array(values)
    except (ValueError, OverflowError):  # of different lengths
        return np.array(None)
    if given.size == 0:
        return given.astype(dtype)
    if dtype.kind == "u" and given.dtype.kind not in "iub":
        # Beside small or negative numbers, numpy takes integers beyond int64 for floats.
        whole = np.array(values, object)
        if all(type(value) is int and 0 <= value < 2**64 for value in whole.flat):
            return whole.astype(np.uint64)
    return given
