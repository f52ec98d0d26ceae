"""Converts between stored and real values: real = (stored - zero_point) * scale."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from . import _core
from ._core import QuantParams, hbDNNDataType, hbDNNQuantiType
from ._errors import InputError, InputTypeError

__all__ = ["QuantLike", "dequantize", "quantize"]


class _HasScale(Protocol):
    @property
    def scale(self) -> Any: ...


QuantLike = QuantParams | Mapping[str, Any] | _HasScale
"""`QuantParams`, or a mapping or object with `scale` and, where they apply, `zero_point`, `axis` and `quant_type`."""

_NUMPY_OF: dict[hbDNNDataType, np.dtype[Any]] = {
    hbDNNDataType.S8: np.dtype(np.int8),
    hbDNNDataType.U8: np.dtype(np.uint8),
    hbDNNDataType.S16: np.dtype(np.int16),
    hbDNNDataType.U16: np.dtype(np.uint16),
    hbDNNDataType.S32: np.dtype(np.int32),
    hbDNNDataType.U32: np.dtype(np.uint32),
}


def dequantize(
    array: npt.NDArray[Any], quant: QuantLike, *, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Returns the real values of stored ones: ``(array - zero_point) * scale``.

    The difference is exact, then rounded to float32 and multiplied in float32, as in C. Floating arrays hold real
    values already: they are only converted to float32, also where the parameters carry a scale. So is every array whose
    parameters say NONE. So each output of a model can be passed with its parameters.

    Safe to call from any number of threads; the GIL is released.

    Args:
        array: int8, uint8, int16, uint16, int32 or uint32 of any shape and memory layout, such as an output of
            `HB_HBMRuntime.run`.
        quant: The tensor's parameters: one scale, or one for each element of ``quant.axis``, which may be negative;
            zero points may be empty.
        out: A float32 array of the same shape for the result, of any memory layout.

    Returns:
        `out`, or a new C-contiguous float32 array of the same shape.

    Raises:
        InputError: Shape, dtype and parameters do not fit each other.
        TypeError: An argument of a wrong type, such as a list for the array.
    """
    return _core.dequantize(array, _params(quant), out=out)


def quantize(
    array: npt.NDArray[Any],
    quant: QuantLike,
    dtype: npt.DTypeLike | hbDNNDataType,
    *,
    out: npt.NDArray[Any] | None = None,
) -> npt.NDArray[Any]:
    """Returns the values that a tensor stores for real ones: ``clip(rint(array / scale + zero_point))``.

    Halves go to the even neighbour. Values that do not fit, infinities included, become the smallest or biggest number
    of the type; NaN becomes the value that stands for 0. The quotient has the precision that numpy gives it (float64
    for float64 arrays, else float32), the sum is exact to float64. With parameters that say NONE the scale is 1.

    Safe to call from any number of threads; the GIL is released.

    Args:
        array: float16, float32 or float64 of any shape and memory layout.
        quant: The tensor's parameters, as for `dequantize`; scales are greater than 0.
        dtype: S8, U8, S16, U16, S32 or U32, or numpy's type of the same name.
        out: An array of that dtype and the same shape for the result, of any memory layout.

    Returns:
        `out`, or a new C-contiguous array of that dtype and the same shape.

    Raises:
        InputError: Shape, dtype and parameters do not fit each other.
        TypeError: An argument of a wrong type.
    """
    return _core.quantize(array, _params(quant), _numpy_dtype(dtype), out=out)


def _numpy_dtype(dtype: npt.DTypeLike | hbDNNDataType) -> np.dtype[Any]:
    if isinstance(dtype, hbDNNDataType):
        found = _NUMPY_OF.get(dtype)
        if found is None:
            raise InputError(f"quantize(): the result can be S8, U8, S16, U16, S32 or U32, not {dtype.name}")
        return found
    if dtype is not None:  # which numpy takes for float64
        with suppress(TypeError):
            return np.dtype(dtype)
    raise InputTypeError(f"quantize(): dtype must be an hbDNNDataType or a numpy dtype, not {dtype!r}")


def _params(quant: QuantLike) -> QuantParams:
    if isinstance(quant, QuantParams):
        return quant
    if isinstance(quant, Mapping):
        fields = dict(quant)
    else:
        fields = {
            name: getattr(quant, name) for name in ("scale", "zero_point", "axis", "quant_type") if hasattr(quant, name)
        }
    if "scale" not in fields:
        raise InputTypeError(
            "quant must be QuantParams, or a mapping or object with scale, zero_point, axis and quant_type, "
            f"not {type(quant).__name__}"
        )
    quant_type = _quant_type(fields.get("quant_type"))
    if quant_type is hbDNNQuantiType.NONE:
        return QuantParams()
    return QuantParams(
        scale=fields["scale"], zero_point=fields.get("zero_point"), axis=fields.get("axis"), quant_type=quant_type
    )


def _quant_type(given: Any) -> hbDNNQuantiType | None:
    """A member from a member, from its number, from its name, or from a member of another enum."""
    if given is None:
        return None
    try:
        return hbDNNQuantiType[given] if isinstance(given, str) else hbDNNQuantiType(getattr(given, "value", given))
    except (KeyError, ValueError):
        raise InputError(f"quant_type must be SCALE (1) or NONE (0), not {given!r}") from None
