"""Statements about errors and arrays that many tests make."""

from __future__ import annotations

import re

import numpy as np

from support.dtypes import Array

Part = str | int | tuple["str | int", ...]


def mentions(error: BaseException, *parts: Part) -> None:
    """The error's text has every part: text, a whole number, or one of several alternatives in a tuple."""
    text = str(error)
    for part in parts:
        choices = part if isinstance(part, tuple) else (part,)
        assert any(_occurs(choice, text) for choice in choices), f"{part!r} is missing in: {text}"


def _occurs(part: str | int, text: str) -> bool:
    if isinstance(part, int):
        return re.search(rf"(?<![\w.]){part}(?![\w])", text) is not None
    return part in text


def same_bits(actual: Array, expected: Array) -> bool:
    """Same type, shape and bytes, so that NaN equals NaN and -0.0 differs from 0.0."""
    return (
        actual.dtype == expected.dtype
        and actual.shape == expected.shape
        and np.ascontiguousarray(actual).tobytes() == np.ascontiguousarray(expected).tobytes()
    )
