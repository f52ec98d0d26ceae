"""Strides and sizes of tensors in device memory."""

from __future__ import annotations

from collections.abc import Sequence

from hbm_runtime.packer.container import DYNAMIC
from hbm_runtime.packer.container.rules import needed_size

_SIZE_ALIGNMENT = 128
_ROW_ALIGNMENT = {"nash-e": 32, "nash-m": 32}
_DEFAULT_ROW_ALIGNMENT = 64


def row_alignment(march: str) -> int:
    """Bytes that rows are padded to on the boards of a march; 64, which fits all of them, when it is not known."""
    return _ROW_ALIGNMENT.get(march, _DEFAULT_ROW_ALIGNMENT)


def strides_of(shape: Sequence[int], element_size: int, alignment: int) -> tuple[int, ...]:
    """Strides with the innermost row padded to ``alignment`` bytes (1: dense) and everything outside it dense.

    A dynamic dimension makes all strides outside it dynamic.
    """
    strides = [element_size] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        if DYNAMIC in (shape[i + 1], strides[i + 1]):
            strides[i] = DYNAMIC
            continue
        row = strides[i + 1] * max(shape[i + 1], 1)  # an empty row still has a stride
        strides[i] = _round_up(row, alignment) if i == len(shape) - 2 else row
    return tuple(strides)


def aligned_size(shape: Sequence[int], strides: Sequence[int], element_size: int) -> int:
    """Bytes to allocate for a tensor: what it covers, rounded up to 128; -1 when it is dynamic."""
    needed = needed_size(tuple(shape), tuple(strides), element_size)
    return DYNAMIC if needed == DYNAMIC else max(_round_up(needed, _SIZE_ALIGNMENT), _SIZE_ALIGNMENT)


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
