"""The same values in every memory layout that an array can have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from support.dtypes import Array


class Tagged(np.ndarray):
    """A subclass of ndarray."""


def _sliced(values: Array) -> Array:
    """Every second element of an array that is twice as long along each axis."""
    base = np.zeros([2 * n for n in values.shape], values.dtype)
    view = base[tuple(slice(None, None, 2) for _ in values.shape)]
    view[...] = values
    return view


def _reversed(values: Array) -> Array:
    """Negative strides along every axis."""
    flip = tuple(slice(None, None, -1) for _ in values.shape)
    return np.ascontiguousarray(values[flip])[flip]


def _unaligned(values: Array) -> Array:
    """Starts one byte after where its type wants to."""
    room = np.zeros(values.nbytes + 1, np.uint8)
    view = room[1:].view(values.dtype).reshape(values.shape)
    view[...] = values
    return view


def _read_only(values: Array) -> Array:
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def _transposed(values: Array) -> Array:
    """Axes stored in reverse order."""
    return np.ascontiguousarray(values.T).T


def _cut_from_picture(values: Array) -> Array:
    """A crop: rows dense, a gap between them."""
    base = np.zeros([*values.shape[:-1], values.shape[-1] + 5] if values.ndim else [], values.dtype)
    view = base[..., 2 : 2 + values.shape[-1]] if values.ndim else base
    view[...] = values
    return view


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "transposed": _transposed,
    "sliced": _sliced,
    "crop": _cut_from_picture,
    "reversed": _reversed,
    "unaligned": _unaligned,
    "read-only": _read_only,
    "subclass": lambda values: values.view(Tagged),
    "masked": lambda values: np.ma.masked_array(values, mask=np.zeros(values.shape, bool)),
    "sliced subclass": lambda values: _sliced(values).view(Tagged),
}
"""Each takes a C-contiguous array and gives one that is equal to it."""
