"""The classes that a classifier is most certain of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..quant import QuantLike, dequantize


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
        count: How many classes are wanted.
        logits: True applies softmax, False takes the values as probabilities. None decides by the values: they are
            probabilities when none is negative and their sum is 1.

    Returns:
        The classes and their probabilities. Equal ones stay in the order of their numbers.
    """
    values = (output.astype(np.float32) if quant is None else dequantize(output, quant)).reshape(-1)
    if logits is None:
        logits = bool(values.min() < 0 or abs(float(values.sum(dtype=np.float64)) - 1) > 0.01)
    if logits:
        powers = np.exp(values.astype(np.float64) - float(values.max()))
        values = (powers / powers.sum()).astype(np.float32)
    best = np.argsort(-values, kind="stable")[:count]
    return Classes(best.astype(np.int64), values[best])
