"""Shapes and strides that the command line gives for inputs."""

from __future__ import annotations

from collections.abc import Sequence

from hbm_runtime._models.tensor_info import TensorInfo
from hbm_runtime.cli.errors import UsageError
from hbm_runtime.cli.models import DYNAMIC, ModelFacts


def valid_shapes(given: Sequence[Sequence[int]] | None, model: ModelFacts) -> dict[str, tuple[int, ...]]:
    """Checks ``--input_valid_shape``; returns the shape of each input, -1 where it stays open.

    Raises:
        UsageError: A shape does not fit its input.
    """
    if given is None:
        return {tensor.name: tensor.shape for tensor in model.inputs}
    given = _one_each(given, model, "--input_valid_shape")
    for shape, tensor in zip(given, model.inputs, strict=True):
        fits = len(shape) == len(tensor.shape) and all(
            wanted in {DYNAMIC, size} for wanted, size in zip(tensor.shape, shape, strict=True)
        )
        if not fits or 0 in shape:
            raise UsageError(
                f"--input_valid_shape gives {list(shape)} for input {tensor.name!r}, which has {list(tensor.shape)} "
                "(-1 fits any size)"
            )
    return {tensor.name: tuple(shape) for shape, tensor in zip(given, model.inputs, strict=True)}


def file_strides(given: Sequence[Sequence[int]] | None, model: ModelFacts) -> dict[str, tuple[int, ...]]:
    """Checks ``--input_stride``; returns the strides of raw files by input, in bytes.

    Raises:
        UsageError: The strides do not fit the inputs.
    """
    if given is None:
        return {}
    given = _one_each(given, model, "--input_stride")
    for strides, tensor in zip(given, model.inputs, strict=True):
        if len(strides) != len(tensor.shape):
            raise UsageError(
                f"--input_stride gives {len(strides)} strides for input {tensor.name!r}, which has "
                f"{len(tensor.shape)} dimensions"
            )
    return {tensor.name: tuple(strides) for strides, tensor in zip(given, model.inputs, strict=True)}


def demand_wide_enough(tensor: TensorInfo, shape: Sequence[int], strides: Sequence[int]) -> None:
    """Raises UsageError unless the strides leave room for the rows."""
    inner = tensor.np_dtype.itemsize
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size > 1 and stride < inner:
            raise UsageError(
                f"--input_stride {list(strides)} is too small for input {tensor.name!r} with shape {list(shape)}: "
                f"{stride} bytes where {inner} are needed"
            )
        inner = stride * size if size > 1 else inner


def _one_each(given: Sequence[Sequence[int]], model: ModelFacts, option: str) -> Sequence[Sequence[int]]:
    """A semicolon after the last group ends it; the empty group that seems to follow is none."""
    if len(given) == len(model.inputs) + 1 and not given[-1]:
        given = given[:-1]
    if len(given) != len(model.inputs):
        raise UsageError(
            f"{option} gives {len(given)} groups, but model {model.name!r} has {len(model.inputs)} inputs: "
            + ", ".join(tensor.name for tensor in model.inputs)
        )
    return given
