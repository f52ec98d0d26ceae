"""Outputs as a model stores them: rows of channels, compared with a threshold before anything is dequantised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import QuantParams, hbDNNQuantiType
from .._errors import InputError
from ..quant import QuantLike, dequantize

Array = NDArray[Any]
Floats = NDArray[np.float32]


class Rows:
    """An output as a table: one row for each place of the picture, one column for each channel.

    Attributes:
        stored: (rows, channels), a view of the output where its layout allows one.
    """

    def __init__(self, array: Array, quant: QuantLike | None = None, *, channels: int = -1) -> None:
        """Takes an output with one picture.

        Args:
            array: Any shape; all dimensions but the channels are the rows, in their order.
            quant: The output's parameters; None for real values.
            channels: The dimension of the channels.
        """
        axis = channels % array.ndim
        self._scale: Floats | None = None
        self._zero: NDArray[np.int64] | None = None
        if array.dtype.kind in "iu" and quant is not None:
            scale, zero, its_axis = _parameters(quant)
            if scale.size > 1 and its_axis % array.ndim != axis:
                array = dequantize(array, quant)
            elif scale.size:
                if scale.size not in (1, array.shape[axis]):
                    raise InputError(f"{scale.size} scales do not fit {array.shape[axis]} channels")
                self._scale, self._zero = scale, np.broadcast_to(zero, scale.shape) if zero.size else None
        self.stored: Array = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def channels(self) -> int:
        """Number of columns."""
        return int(self.stored.shape[1])

    def columns(self, begin: int, end: int) -> Rows:
        """A view of some channels."""
        part = Rows.__new__(Rows)
        part.stored = self.stored[:, begin:end]
        part._scale = self._scale if self._scale is None or self._scale.size == 1 else self._scale[begin:end]
        part._zero = self._zero if self._zero is None or self._zero.size == 1 else self._zero[begin:end]
        return part

    def reaches(self, threshold: float) -> NDArray[np.bool_]:
        """Which values, dequantised, are at least the threshold: (rows, channels). Integers stay integers."""
        if self.stored.dtype.kind not in "iu":
            return np.asarray(self.stored >= np.float32(threshold))
        kind = np.iinfo(self.stored.dtype)
        if self._scale is None:
            least = np.array([np.ceil(threshold)])
        elif (self._scale <= 0).any():
            return np.asarray(self.real(slice(None)) >= np.float32(threshold))
        else:
            least = _least_integers(threshold, self._scale, self._zero)
        found = self.stored >= np.clip(least, kind.min, kind.max).astype(self.stored.dtype)
        return np.asarray(found & (least <= kind.max) if (least > kind.max).any() else found)

    def real(self, rows: Any) -> Floats:
        """The real values of some rows: float32 (rows, channels)."""
        chosen = self.stored[rows]
        if self._scale is None:
            return np.asarray(chosen, np.float32)
        difference = chosen.astype(np.int64) - (0 if self._zero is None else self._zero)
        return np.asarray(difference.astype(np.float32) * self._scale, np.float32)


def _parameters(quant: QuantLike) -> tuple[Floats, NDArray[np.int64], int]:
    params = quant if isinstance(quant, QuantParams) else None
    if params is not None and params.quant_type == hbDNNQuantiType.NONE:
        return np.empty(0, np.float32), np.empty(0, np.int64), 0

    def field(name: str, default: Any) -> Any:
        value = quant.get(name) if isinstance(quant, Mapping) else getattr(quant, name, None)
        return default if value is None else value

    scale = np.atleast_1d(np.asarray(field("scale", ()), np.float32))
    zero = np.atleast_1d(np.asarray(field("zero_point", ()), np.int64))
    return scale, zero, int(field("axis", -1))


def _least_integers(threshold: float, scale: Floats, zero: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """The smallest integers whose real values, rounded as dequantising rounds, reach the threshold.

    An estimate in float64 is off by what float32 rounds away; a search between bounds around it ends at the exact one.
    """
    offset = np.zeros(scale.shape, np.float64) if zero is None else zero.astype(np.float64)
    limit = np.float32(threshold)
    with np.errstate(over="ignore"):
        about = np.ceil(limit / scale.astype(np.float64))
    far = np.abs(about) > 2.0**40  # beyond every integer type: the exact one does not matter
    about = np.where(far, np.sign(about) * 2.0**40, about)
    margin = 4 * np.maximum(np.spacing(np.abs(about).astype(np.float32)).astype(np.float64), 1)
    low, high = about - np.ceil(margin), about + np.ceil(margin)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        with np.errstate(over="ignore"):
            enough = middle.astype(np.float32) * scale >= limit
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(high + offset)
