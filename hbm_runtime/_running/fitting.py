"""Checks of arrays against tensors outside of a run, with the texts of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._errors import InputError, ShapeError, UnsupportedError
from .hints import Tensor, about_input, about_output

_MAX_DIMENSIONS = 10


class Described(Protocol):
    """What is known of a tensor, here or on a server."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def shape(self) -> Sequence[int]:
        """Its dimensions; -1 fits any size."""

    @property
    def dtype(self) -> _core.hbDNNDataType:
        """Its element type."""


def require_fit(model: str, role: str, tensor: Described, array: NDArray[Any], inputs: Mapping[str, Described]) -> None:
    """Refuses an array that does not fit.

    Args:
        model: Name of the model.
        role: "input" or "output".
        tensor: What the array is for.
        array: The array.
        inputs: All inputs of the model by name, for what helps.

    Raises:
        InputError: Another dtype, and perhaps another shape.
        ShapeError: Another shape.
    """
    if array.dtype.byteorder == ">":
        text = f"the array has foreign (big-endian) byte order, dtype {array.dtype}; convert it with "
        refuse(model, role, tensor.name, text + "array.astype(array.dtype.newbyteorder('='))")
    shape = _core._wrong_shape(list(tensor.shape), list(array.shape))
    hint = _hint(role, tensor, array, inputs)
    try:
        given = _core.hbDNNDataType.from_dtype(array.dtype)
    except UnsupportedError:
        refuse(model, role, tensor.name, _core._wrong_type(int(tensor.dtype), str(array.dtype)) + hint)
    if given != tensor.dtype:
        text = _core._wrong_type(int(tensor.dtype), _core._describe_type(int(given))) + (f"; {shape}" if shape else "")
        refuse(model, role, tensor.name, text + hint)
    if shape:
        refuse(model, role, tensor.name, shape + hint, ShapeError)


def refuse(model: str, role: str, tensor: str, text: str, kind: type[InputError] = InputError) -> NoReturn:
    """Raises an error about a tensor of a model."""
    raise kind(f"model '{model}', {role} '{tensor}': {text}", model=model, tensor=tensor)


def _hint(role: str, tensor: Described, array: NDArray[Any], inputs: Mapping[str, Described]) -> str:
    given, wanted = Tensor(array.shape, str(array.dtype)), _tensor(tensor)
    if role == "output":
        hint = about_output(given, wanted)
    elif array.ndim > _MAX_DIMENSIONS:
        hint = ""
    else:
        hint = about_input(given, wanted, tensor.name, {name: _tensor(each) for name, each in inputs.items()})
    return f"; {hint}" if hint else ""


def _tensor(tensor: Described) -> Tensor:
    # numpy.bool is missing in numpy 1.24 to 1.26.
    name = "" if not tensor.dtype.has_dtype else np.dtype(tensor.dtype.to_dtype()).name
    return Tensor(tensor.shape, "bool_" if name == "bool" else name)
