"""Output shapes for input shapes."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputTypeError
from .naming import name_values, unknown_tensor

if TYPE_CHECKING:
    from .. import _core
    from .tensor_info import TensorInfos

Shapes = Mapping[str, Sequence[int]] | Sequence[Sequence[int]]


def infer_shapes(runtime: _core.Runtime, model: str, inputs: TensorInfos, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """See `HB_HBMRuntime.infer_shapes`."""
    given: Any = name_values(model, "input", inputs, shapes)
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise InputTypeError(f"model '{model}': shapes are a dict by input name or a list, not {kind}", model=model)
    for name in given:
        if name not in inputs:
            raise unknown_tensor(model, "input", inputs, name)
    wanted = [_integers(model, name, given.get(name, info.shape)) for name, info in inputs.items()]
    names = runtime.output_names[model]  # a model may give one output twice
    return dict(zip(names, map(tuple, runtime._infer_shapes(model, wanted)), strict=True))


def _integers(model: str, name: str, shape: Any) -> list[int]:
    try:
        return [operator.index(size) for size in shape]
    except TypeError:
        message = f"model '{model}', input '{name}': a shape is a sequence of int, given {shape!r}"
        raise InputTypeError(message, model=model, tensor=name) from None
