"""Output shapes for input shapes."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError, InputTypeError
from .naming import by_name

if TYPE_CHECKING:
    from .._runtime import HB_HBMRuntime

Shapes = Mapping[str, Sequence[int]] | Sequence[Sequence[int]]


def infer_shapes(runtime: HB_HBMRuntime, model: str, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """See `HB_HBMRuntime.infer_shapes`."""
    view = runtime.model(model)
    given: Any = by_name(model, "input", view.inputs, shapes)
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise InputTypeError(f"model '{model}': shapes are a dict by input name or a list, not {kind}", model=model)
    for name in given:
        if name not in view.inputs:
            valid = ", ".join(f"'{known}'" for known in view.inputs)
            raise InputError(f"model '{model}' has no input '{name}'; its inputs are {valid}", model=model, tensor=name)
    wanted = [_integers(model, name, given.get(name, info.shape)) for name, info in view.inputs.items()]
    names = runtime.output_names[model]  # a model may give one output twice
    return dict(zip(names, map(tuple, runtime._infer_shapes(model, wanted)), strict=True))


def _integers(model: str, name: str, shape: Any) -> list[int]:
    try:
        return [operator.index(size) for size in shape]
    except TypeError:
        message = f"model '{model}', input '{name}': a shape is a sequence of int, given {shape!r}"
        raise InputTypeError(message, model=model, tensor=name) from None
