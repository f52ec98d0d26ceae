"""In what a packed model's signature differs from a board's."""

from __future__ import annotations

from collections.abc import Iterator

from hbm_runtime.cli.sidecar.document import SidecarModel, SidecarTensor
from hbm_runtime.packer import Model, Tensor


def differences(model: Model, wanted: SidecarModel) -> list[str]:
    """One line for each thing that a program could see."""
    return [
        *_lists("input", model.inputs, wanted.inputs),
        *_lists("output", model.outputs, wanted.outputs),
    ]


def _lists(role: str, own: tuple[Tensor, ...], wanted: tuple[SidecarTensor, ...]) -> Iterator[str]:
    names = [tensor.name for tensor in own]
    for tensor in wanted:
        if tensor.name not in names:
            yield f"{role} '{tensor.name}' is missing; the packed model has {', '.join(names)}"
            continue
        for what, mine, theirs in _facts(own[names.index(tensor.name)], tensor):
            if mine != theirs:
                yield f"{role} '{tensor.name}': {what} is {mine} instead of {theirs}"
    known = {tensor.name for tensor in wanted}
    for name in names:
        if name not in known:
            yield f"{role} '{name}' is not in the board's model"


def _facts(own: Tensor, wanted: SidecarTensor) -> Iterator[tuple[str, object, object]]:
    yield "its type", own.dtype.name, wanted.dtype.name
    yield "its shape", list(own.shape), list(wanted.shape)
    yield "the strides", list(own.strides), list(wanted.strides)
    quant = wanted.quant
    yield "the scale", _short(own.quantisation.scales), _short(tuple(quant.scale.tolist()))
    yield "the zero point", _short(own.quantisation.zero_points), _short(tuple(quant.zero_point.tolist()))
    if len(own.quantisation.scales) > 1:
        yield "the axis of the scales", own.quantisation.axis, quant.axis


def _short(numbers: tuple[float, ...]) -> object:
    """The numbers as float32, as a driver reports them."""
    return [float(f"{number:.7g}") for number in numbers]
