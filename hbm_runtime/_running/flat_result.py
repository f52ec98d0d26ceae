"""Results of calls for one model."""

from __future__ import annotations

import warnings
from typing import Any

from .keywords import Array


class ModelOutputs(dict[str, Array]):
    """The outputs of one model by name. ``outputs[model]`` still leads to them, as results of all runs did in 1.0."""

    def __init__(self, outputs: dict[str, Array], model: str) -> None:
        super().__init__(outputs)
        self._model = model

    def __missing__(self, key: object) -> Any:
        if key != self._model:
            raise KeyError(key)
        warnings.warn(
            f"the result of a request of one model has its outputs by name: leave out [{key!r}]",
            DeprecationWarning,
            stacklevel=2,
        )
        return self
