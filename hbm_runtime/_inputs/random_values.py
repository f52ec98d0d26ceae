"""Random values for inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROI_SUFFIX = "_roi"


def random_values(
    dtypes: Mapping[str, np.dtype[Any]], shapes: Mapping[str, Sequence[int]], seed: int
) -> dict[str, NDArray[Any]]:
    """Makes values for all inputs; the same seed gives the same values.

    Integers of one or two bytes have any value, wider ones are 0 or 1: both exist as positions nearly everywhere. A
    region of a picture is the whole picture.

    Args:
        dtypes: The inputs' element types by name.
        shapes: The inputs' shapes by name, without dynamic dimensions.
        seed: The generator's seed.
    """
    generator = np.random.default_rng(seed)
    values = {name: _values(dtype, tuple(shapes[name]), generator) for name, dtype in dtypes.items()}
    for name, value in values.items():
        luma = shapes.get(name.removesuffix(_ROI_SUFFIX) + "_y")
        if name.endswith(_ROI_SUFFIX) and luma is not None and value.shape[-1:] == (4,):
            # Left, top, right, bottom: any other numbers would name pixels that are not there.
            value[...] = (0, 0, luma[2] - 1, luma[1] - 1)
    return values


def may_be_position(name: str, dtype: np.dtype[Any]) -> bool:
    """Returns True for wide integers, which are mostly positions in something; regions of pictures do not count."""
    return dtype.kind in "iu" and dtype.itemsize >= 4 and not name.endswith(_ROI_SUFFIX)


def _values(dtype: np.dtype[Any], shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[Any]:
    if dtype.kind == "f":
        return generator.standard_normal(shape, dtype=np.float32).astype(dtype)
    if dtype.kind == "b" or dtype.itemsize >= 4:
        return generator.integers(0, 2, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
