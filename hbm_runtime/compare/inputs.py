"""Reads samples for a model from pictures and arrays, or makes random ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.compare.models import ComparedModel, TensorInfo
from hbm_runtime.compare.trained_inputs import DescribedInput, described_inputs, rgb_to_yuv
from hbm_runtime.packer import PackError

Array = NDArray[Any]
_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
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
    for source in sources:
        name, separator, path = os.fspath(source).partition("=")
        if separator and name in model.inputs:
            named[name] = _array(Path(path))
        else:
            samples.append(_sample(model, Path(os.fspath(source))))
    if named:
        samples.append(named)
    for sample in samples:
        _check(model.inputs, sample)
    return samples


def _sample(model: ComparedModel, path: Path) -> dict[str, Array]:
    if path.suffix.lower() in _PICTURES:
        return _from_picture(model, path)
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as archive:
                return dict(archive)
        except (OSError, ValueError) as error:
            raise PackError(f"cannot read {path}: {error}") from None
    if path.suffix == ".npy":
        if len(model.inputs) != 1:
            raise PackError(f"{path}: the model has the inputs {', '.join(model.inputs)}; write <input>={path}")
        return {next(iter(model.inputs)): _array(path)}
    raise PackError(f"{path}: only pictures, .npy and .npz files can be read")


def _array(path: Path) -> Array:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise PackError(f"cannot read {path}: {error}") from None


def _from_picture(model: ComparedModel, path: Path) -> dict[str, Array]:
    described = described_inputs(model.description)
    if not described or any(entry.runtime == "featuremap" for entry in described):
        raise PackError(f"{path}: the model's description names no image inputs only; give arrays")
    sample: dict[str, Array] = {}
    for entry in described:
        sample.update(_image_input(entry, model.inputs, path))
    return sample


def _image_input(entry: DescribedInput, inputs: Mapping[str, TensorInfo], path: Path) -> dict[str, Array]:
    """The picture as this input, once for each batch item, resized to its size; whole, where the model resizes it."""
    result: dict[str, Array] = {}
    for name, info in inputs.items():
        if name != entry.name and not name.startswith(entry.name + "_"):
            continue
        halves = 2 if name.endswith("_uv") else 1
        nchw = entry.runtime == "gray" and entry.source == "ddr"
        if entry.source == "resizer":
            rgb = _picture(path)
            if name.endswith("_roi"):
                result[name] = np.array([[0, 0, rgb.shape[1] - 1, rgb.shape[0] - 1]], info.dtype)
                continue
        else:
            height, width = info.shape[2:] if nchw else info.shape[1:3]
            rgb = _picture(path, (width * halves, height * halves))
        pixels = _converted(entry, rgb, "uv" if halves == 2 else "y" if name.endswith("_y") else "all")
        if nchw:
            pixels = pixels.transpose(2, 0, 1)
        if info.dtype == np.int8:
            pixels = pixels - 128
        value = np.clip(np.round(pixels), *_limits(info.dtype)).astype(info.dtype)
        result[name] = np.repeat(value[None], info.shape[0], axis=0)
    return result


def _converted(entry: DescribedInput, rgb: Array, part: str) -> Array:
    if entry.runtime == "rgb":
        return rgb
    if entry.runtime == "bgr":
        return rgb[..., ::-1]
    yuv = rgb_to_yuv(rgb, video_range=entry.video_range)
    if entry.runtime == "gray" or part == "y":
        return yuv[..., :1]
    if part == "all":
        return yuv
    height, width = yuv.shape[:2]
    blocks = yuv[..., 1:].reshape(height // 2, 2, width // 2, 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    return (-128, 127) if dtype == np.int8 else (0, 255)


def _picture(path: Path, size: tuple[int, int] | None = None) -> Array:
    """RGB pixels, resized to a width and height; None keeps the picture, cut to even ones."""
    try:
        from PIL import Image  # noqa: PLC0415
    except ImportError:
        raise PackError(f"reading {path} needs Pillow; install it with: pip install pillow") from None
    try:
        with Image.open(path) as image:
            rgb = image.convert("RGB")
            if size is None:
                return np.asarray(rgb)[: rgb.height // 2 * 2, : rgb.width // 2 * 2]
            return np.asarray(rgb.resize(size, Image.Resampling.BILINEAR))
    except OSError as error:
        raise PackError(f"cannot read {path}: {error}") from None


def _random(inputs: Mapping[str, TensorInfo]) -> dict[str, Array]:
    random = np.random.default_rng(0)
    sample: dict[str, Array] = {}
    for name, info in inputs.items():
        base = name.removesuffix("_roi")
        if base != name and base + "_y" in inputs:
            sample[name] = np.array([[0, 0, _RESIZED_SIDE - 1, _RESIZED_SIDE - 1]], info.dtype)
            continue
        unknown = _UNKNOWN_EXTENT
        if name.removesuffix("_y").removesuffix("_uv") + "_roi" in inputs:
            unknown = _RESIZED_SIDE // (2 if name.endswith("_uv") else 1)
        shape = tuple(unknown if extent < 0 else extent for extent in info.shape)
        if np.issubdtype(info.dtype, np.floating):
            sample[name] = random.normal(size=shape).astype(info.dtype)
        elif info.dtype == np.bool_:
            sample[name] = random.integers(0, 2, shape).astype(info.dtype)
        else:
            limits = np.iinfo(info.dtype)
            low, high = (limits.min, limits.max) if info.dtype.itemsize == 1 else (0, 1)
            sample[name] = random.integers(low, high, shape, endpoint=True).astype(info.dtype)
    return sample


def _check(inputs: Mapping[str, TensorInfo], sample: Mapping[str, Array]) -> None:
    missing = [name for name in inputs if name not in sample]
    unknown = [name for name in sample if name not in inputs]
    if missing or unknown:
        wrong = f"no values for {', '.join(missing)}" if missing else f"there is no input {', '.join(unknown)}"
        raise PackError(f"a sample does not fit: {wrong}; the inputs are {', '.join(inputs)}")
