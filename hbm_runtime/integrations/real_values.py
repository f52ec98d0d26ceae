"""Models with real numbers in and out, for programs that know nothing of quantised tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError

Array = NDArray[Any]


class RealModel:
    """A model that takes and gives real numbers. May be used from any number of threads.

    Quantised inputs are quantised from floats, other numbers are converted to the input's type; quantised outputs are
    dequantised to float32.
    """

    def __init__(self, model: Any) -> None:
        """Takes a `hbm_runtime.Model`, one of a server, or a runtime with one model."""
        names = getattr(model, "model_names", None)
        if names is not None:
            if len(names) != 1:
                raise InputError(f"the file has the models {', '.join(names)}; name one of them")
            model = model[names[0]]
        self.model = model

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs in the model's order."""
        return list(self.model.inputs)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs in the model's order."""
        return list(self.model.outputs)

    def run(self, inputs: Mapping[str, Any], **scheduling: Any) -> dict[str, Array]:
        """Runs the model.

        Args:
            inputs: Arrays, or what numpy makes arrays of, by input name. Others than the model's are left out.
            scheduling: ``priority``, ``timeout`` and so on, for `Model.run`.

        Raises:
            InputError: An input is missing or does not fit.
        """
        missing = [name for name in self.model.inputs if name not in inputs]
        if missing:
            given = ", ".join(sorted(map(str, inputs))) or "nothing"
            raise InputError(f"model '{self.model.name}' needs {', '.join(missing)}; given: {given}")
        stored = {name: _stored(info, np.asarray(inputs[name])) for name, info in self.model.inputs.items()}
        outputs = self.model.run(stored, **scheduling)
        return {name: _real(self.model.outputs[name], array) for name, array in outputs.items()}


def _is_quantised(info: Any) -> bool:
    return bool(info.quant.scale.size) and info.np_dtype.kind in "iu"


def _stored(info: Any, array: Array) -> Array:
    if array.dtype == info.np_dtype:
        return array
    if _is_quantised(info) and array.dtype.kind == "f":
        stored: Array = info.quantize(array)
        return stored
    if array.dtype.kind not in "fiub":
        raise InputError(f"input '{info.name}' takes numbers, not {array.dtype}", tensor=info.name)
    return array.astype(info.np_dtype)


def _real(info: Any, array: Array) -> Array:
    if not _is_quantised(info):
        return array
    real: Array = info.dequantize(array)
    return real
