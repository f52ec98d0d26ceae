"""Picture files, and what an input takes of them."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hbm_runtime import hbDNNDataType
from hbm_runtime._models.model import TensorInfo
from hbm_runtime.cli.errors import CommandError, MissingPackageError, UsageError
from hbm_runtime.cli.inputs.colour import Plane, rgb_to_nv12, rgb_to_yuv444
from hbm_runtime.cli.inputs.entries import CHROMA_SUFFIX, LUMA_SUFFIX
from hbm_runtime.cli.models import DYNAMIC

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


Pixels = NDArray[np.uint8] | NDArray[np.int8]


class Use(str, Enum):
    """How an input uses a picture, in the words of ``--input_img_properties``."""

    Y = "Y"
    UV = "UV"
    RGB = "RGB"
    BGR = "BGR"
    YUV444 = "YUV444"
    GRAY = "GRAY"


_USE_OF_TYPE = {"rgb": Use.RGB, "bgr": Use.BGR, "yuv444": Use.YUV444, "yuv444_128": Use.YUV444, "gray": Use.GRAY}


def use_of(tensor: TensorInfo, given: str, runtime_type: str | None) -> Use:
    """Tells how an input uses a picture.

    Args:
        tensor: The input.
        given: What ``--input_img_properties`` has for it, or "".
        runtime_type: What the model's description has for it, or None.

    Raises:
        UsageError: A wrong property.
        CommandError: Nothing tells.
    """
    if given:
        try:
            return Use(given.upper())
        except ValueError:
            raise UsageError(
                f"--input_img_properties has {given!r}; expected {', '.join(use.value for use in Use)}"
            ) from None
    if runtime_type in _USE_OF_TYPE:
        return _USE_OF_TYPE[runtime_type]
    if len(tensor.shape) == 4 and tensor.dtype in {hbDNNDataType.U8, hbDNNDataType.S8}:
        if tensor.name.endswith(LUMA_SUFFIX) and tensor.shape[3] == 1:
            return Use.Y
        if tensor.name.endswith(CHROMA_SUFFIX) and tensor.shape[3] == 2:
            return Use.UV
    raise CommandError(
        f"nothing tells how input {tensor.name!r} ({tensor.dtype.name}, {list(tensor.shape)}) takes a picture: say so "
        "with --input_img_properties, or give it a .npy file that is prepared for the model"
    )


def picture_values(path: Path, tensor: TensorInfo, shape: tuple[int, ...], use: Use, pixel_range: str) -> Pixels:
    """Reads a picture, stretches it to the input's size and converts it.

    Raises:
        CommandError: The file is no picture, or the input is none.
    """
    if tensor.dtype not in {hbDNNDataType.U8, hbDNNDataType.S8} or len(shape) != 4:
        raise CommandError(
            f"input {tensor.name!r} ({tensor.dtype.name}, {list(shape)}) takes no picture file: give it a .npy file "
            "that is prepared for the model"
        )
    channels_first = use in {Use.RGB, Use.BGR, Use.YUV444} and shape[1] == 3 and shape[3] != 3
    size = _pixels(path, shape, channels_first, use)
    planes = _convert(path, size, use, pixel_range)
    if channels_first:
        planes = planes.transpose(2, 0, 1)
    if any(want not in {DYNAMIC, have} for want, have in zip(shape[1:], planes.shape, strict=True)):
        raise CommandError(
            f"input {tensor.name!r} with shape {list(shape)} is no {use.value}, which would be {[1, *planes.shape]}"
        )
    values = np.broadcast_to(planes, (max(shape[0], 1), *planes.shape))
    if tensor.dtype == hbDNNDataType.S8:
        return (values.astype(np.int16) - 128).astype(np.int8)
    return values


def frame_values(path: Path, tensor: TensorInfo, shape: tuple[int, ...]) -> Plane:
    """Cuts one plane out of a raw NV12 frame: all of Y, then all of UV."""
    data = np.fromfile(path, dtype=np.uint8)
    is_chroma = tensor.name.endswith(CHROMA_SUFFIX)
    if DYNAMIC in shape:
        raise CommandError(f"{path} does not tell the size of input {tensor.name!r}: --input_valid_shape")
    height, width = (2 * shape[1], 2 * shape[2]) if is_chroma else shape[1:3]
    if data.size != height * width * 3 // 2 or shape[0] != 1:
        raise CommandError(
            f"{path} has {data.size} bytes; an NV12 frame of {width} x {height}, which input {tensor.name!r} takes, "
            f"has {height * width * 3 // 2}"
        )
    luma_size = height * width
    return (data[luma_size:] if is_chroma else data[:luma_size]).reshape(shape)


def _pixels(path: Path, shape: tuple[int, ...], channels_first: bool, use: Use) -> tuple[int, int]:
    """Width and height of the picture that the input wants."""
    height, width = shape[2:4] if channels_first else shape[1:3]
    factor = 2 if use is Use.UV else 1
    own_height, own_width, _ = _read(path).shape
    if use in {Use.Y, Use.UV}:
        own_height, own_width = own_height & ~1, own_width & ~1
    return (
        own_width if width == DYNAMIC else width * factor,
        own_height if height == DYNAMIC else height * factor,
    )


def _convert(path: Path, size: tuple[int, int], use: Use, pixel_range: str) -> Plane:
    if use is Use.RGB:
        return _sized(path, size)
    if use is Use.BGR:
        return _sized(path, size)[..., ::-1]
    if use is Use.YUV444:
        return rgb_to_yuv444(_sized(path, size), pixel_range)
    if use is Use.GRAY or size[0] % 2 or size[1] % 2:
        return rgb_to_yuv444(_sized(path, size), pixel_range)[..., :1]
    luma, chroma = rgb_to_nv12(_sized(path, size), pixel_range)
    return chroma if use is Use.UV else luma[..., np.newaxis]


@lru_cache(maxsize=8)
def _read(path: Path) -> Plane:
    """Decodes a picture to (h, w, 3) RGB."""
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 (pillow is in an extra)
    except ImportError as error:
        raise MissingPackageError("reading pictures", "pillow") from error
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise CommandError(f"{path} is no picture that can be read: {error}") from error


@lru_cache(maxsize=8)
def _sized(path: Path, size: tuple[int, int]) -> Plane:
    picture = _read(path)
    if picture.shape[1::-1] == size:
        return picture
    from PIL import Image  # noqa: PLC0415 (pillow is in an extra)

    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
