"""Reads samples for a model from pictures and arrays, or makes random ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime import HbmError
from hbm_runtime._inputs.arrays import read_npy, read_npz
from hbm_runtime._inputs.colours import Use, use_of_type
from hbm_runtime._inputs.description import FULL_RANGE, Description, InputFacts
from hbm_runtime._inputs.pictures import SUFFIXES, picture_values
from hbm_runtime._inputs.random_values import random_values
from hbm_runtime.compare.models import ComparedModel, TensorInfo
from hbm_runtime.image.nv12 import Range
from hbm_runtime.packer import PackError

Array = NDArray[Any]
_UNKNOWN_EXTENT = 1
# Of random pictures that the model resizes.
_RESIZED_SIDE = 64


def read_samples(model: ComparedModel, sources: Sequence[str | os.PathLike[str]]) -> list[dict[str, Array]]:
    """Samples for the inputs of a model.

    Args:
        model: The model that will be given them.
        sources: Each a picture (one sample), a ``.npz`` with arrays by input name (one sample), or a ``.npy`` for a
            model with one input (one sample). ``name=file.npy`` entries together make one sample. Empty makes one
            random sample, the same every time.

    Raises:
        PackError: A file cannot be read, or does not fit the model.
    """
    if not sources:
        return [_random(model.inputs)]
    named: dict[str, Array] = {}
    samples = []
    try:
        for source in sources:
            name, separator, path = os.fspath(source).partition("=")
            if separator and name in model.inputs:
                named[name] = read_npy(Path(path))
            else:
                samples.append(_sample(model, Path(os.fspath(source))))
    except HbmError as error:
        raise PackError(str(error)) from error
    except OSError as error:
        raise PackError(f"cannot read {error.filename}: {error.strerror}") from error
    if named:
        samples.append(named)
    for sample in samples:
        _check(model.inputs, sample)
    return samples


def _sample(model: ComparedModel, path: Path) -> dict[str, Array]:
    if path.suffix.lower() in SUFFIXES:
        return _from_picture(model, path)
    if path.suffix == ".npz":
        return read_npz(path)
    if path.suffix == ".npy":
        if len(model.inputs) != 1:
            raise PackError(f"{path}: the model has the inputs {', '.join(model.inputs)}; write <input>={path}")
        return {next(iter(model.inputs)): read_npy(path)}
    raise PackError(f"{path}: only pictures, .npy and .npz files can be read")


def _from_picture(model: ComparedModel, path: Path) -> dict[str, Array]:
    """The picture as every input, once for each batch item, resized to its size; whole, where the model resizes it."""
    described = Description.of(model.description).inputs
    if not described or any(entry.runtime_type in {"featuremap", ""} for entry in described):
        raise PackError(f"{path}: the model's description names no image inputs only; give arrays")
    sample: dict[str, Array] = {}
    for entry in described:
        for name, info in model.inputs.items():
            if name == entry.name or (name.startswith(f"{entry.name}_") and not name.endswith("_roi")):
                sample[name] = _pixels(entry, name, info, path)
    for name, info in model.inputs.items():
        luma = sample.get(name.removesuffix("_roi") + "_y")
        if name.endswith("_roi") and luma is not None:
            sample[name] = np.array([[0, 0, luma.shape[2] - 1, luma.shape[1] - 1]], info.dtype)
    return sample


def _pixels(entry: InputFacts, name: str, info: TensorInfo, path: Path) -> Array:
    plane = Use.UV if name.endswith("_uv") else Use.Y
    use = use_of_type(entry.runtime_type) or plane
    pixel_range: Range = entry.pixel_range or FULL_RANGE
    return picture_values(path, name, info.dtype, info.shape, use=use, pixel_range=pixel_range)


def _random(inputs: Mapping[str, TensorInfo]) -> dict[str, Array]:
    shapes = {}
    for name, info in inputs.items():
        unknown = _UNKNOWN_EXTENT
        if name.removesuffix("_y").removesuffix("_uv") + "_roi" in inputs:
            unknown = _RESIZED_SIDE // (2 if name.endswith("_uv") else 1)
        shapes[name] = [unknown if extent < 0 else extent for extent in info.shape]
    return random_values({name: info.dtype for name, info in inputs.items()}, shapes, 0)


def _check(inputs: Mapping[str, TensorInfo], sample: Mapping[str, Array]) -> None:
    missing = [name for name in inputs if name not in sample]
    unknown = [name for name in sample if name not in inputs]
    if missing or unknown:
        wrong = f"no values for {', '.join(missing)}" if missing else f"there is no input {', '.join(unknown)}"
        raise PackError(f"a sample does not fit: {wrong}; the inputs are {', '.join(inputs)}")
