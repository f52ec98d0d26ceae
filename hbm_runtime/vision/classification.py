"""The classes that a classifier is most certain of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..quant import QuantLike, dequantize

_TOLERANCE = 0.01


class Classes(NamedTuple):
    """The most certain classes of a picture, the best first.

    Attributes:
        classes: int64 (K,), their numbers.
        scores: float32 (K,), their probabilities.
    """

    classes: NDArray[np.int64]
    scores: NDArray[np.float32]


def classify(
    output: NDArray[Any], quant: QuantLike | None = None, *, count: int = 5, logits: bool | None = None
) -> Classes:
    """Reads the output of a classifier for one picture.

    Args:
        output: One value for each class, of any shape such as (1, 1000) or (1, 1, 1, 1000).
        quant: The output's quantisation parameters, where it stores integers.
        count: Number of classes to return.
        logits: True applies softmax, False takes the values as probabilities. None decides by the values: they are
            probabilities when none is negative and their sum is 1. Of integers that can store nothing above 1 the sum
            may be off by what rounding makes of it: half a step for each class.

    Returns:
        The classes and their probabilities. Equal ones stay in the order of their numbers.
    """
    values = (output.astype(np.float32) if quant is None else dequantize(output, quant)).reshape(-1)
    if logits is None:
        off = abs(float(values.sum(dtype=np.float64)) - 1)
        logits = bool(values.min() < 0 or off > _TOLERANCE + _rounded_off(output, quant))
    if logits:
        powers = np.exp(values.astype(np.float64) - float(values.max()))
        values = (powers / powers.sum()).astype(np.float32)
    best = np.argsort(-values, kind="stable")[:count]
    return Classes(best.astype(np.int64), values[best])


def _rounded_off(output: NDArray[Any], quant: QuantLike | None) -> float:
    """How far rounding may move the sum of probabilities; 0 where values above 1 could be stored, as logits are."""
    if quant is None or output.dtype.kind not in "iu":
        return 0.0
    # The type's ends as real values: each channel may have a scale of its own.
    limits = np.iinfo(output.dtype)
    lows, tops = (dequantize(np.full_like(output, end), quant).astype(np.float64) for end in (limits.min, limits.max))
    steps = (tops - lows) / (int(limits.max) - int(limits.min))
    return float(steps.sum() / 2) if (tops <= 1 + steps).all() else 0.0
