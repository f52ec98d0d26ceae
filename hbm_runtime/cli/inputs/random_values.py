"""Made-up values for measuring without files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime._models.model import TensorInfo
from hbm_runtime.cli.errors import CommandError
from hbm_runtime.cli.models import DYNAMIC, ModelFacts

_ROI_SUFFIX = "_roi"


def random_inputs(model: ModelFacts, shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, NDArray[Any]]:
    """Makes values for all inputs; the same seed gives the same values.

    Raises:
        CommandError: A shape is open.
    """
    generator = np.random.default_rng(seed)
    for name, shape in shapes.items():
        if DYNAMIC in shape:
            raise CommandError(
                f"input {name!r} of model {model.name!r} has dynamic dimensions {list(shape)}: give sizes for all "
                "inputs with --input_valid_shape"
            )
    values = {tensor.name: _values(tensor, shapes[tensor.name], generator) for tensor in model.inputs}
    for tensor in model.inputs:
        base = tensor.name.removesuffix(_ROI_SUFFIX)
        luma = shapes.get(f"{base}_y")
        if base != tensor.name and luma is not None and tensor.shape[-1:] == (4,):
            # Left, top, right, bottom: any other numbers would name pixels that are not there.
            values[tensor.name][...] = (0, 0, luma[2] - 1, luma[1] - 1)
    return values


def has_index_like_inputs(model: ModelFacts) -> bool:
    """Whether an input has wide integers, which are mostly positions in something; regions of pictures do not count."""
    return any(
        tensor.np_dtype.kind in "iu" and tensor.np_dtype.itemsize >= 4 and not tensor.name.endswith(_ROI_SUFFIX)
        for tensor in model.inputs
    )


def _values(tensor: TensorInfo, shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[Any]:
    dtype = tensor.np_dtype
    if dtype.kind == "f":
        return generator.standard_normal(shape, dtype=np.float32).astype(dtype)
    if dtype.kind == "b" or dtype.itemsize >= 4:
        # Zero and one exist as positions nearly everywhere.
        return generator.integers(0, 2, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
