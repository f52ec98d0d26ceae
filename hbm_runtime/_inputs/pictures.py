"""Picture files, and what an input takes of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError, MissingPackageError
from .._installing import how_to_install
from ..image._arrays import odd_size
from ..image.nv12 import Range
from .colours import Pixels, Use, converted

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_DYNAMIC = -1


def picture_values(
    path: Path, name: str, dtype: np.dtype[Any], shape: Sequence[int], *, use: Use, pixel_range: Range
) -> NDArray[Any]:
    """Reads a picture, stretches it to the input's size and converts it.

    Args:
        path: The picture.
        name: The input's name, for messages.
        dtype: The input's element type.
        shape: (N, height, width, channels), or (N, 3, height, width); -1 takes the picture's own size.
        use: What the input takes of the picture.
        pixel_range: "full" or "video".

    Returns:
        The values, with the picture once for each item of the batch.

    Raises:
        InputError: The file is no picture, the input takes none, or the picture has an odd size for NV12.
        MissingPackageError: Pillow is not installed.
    """
    if dtype not in {np.dtype(np.uint8), np.dtype(np.int8)} or len(shape) != 4:
        raise InputError(
            f"input {name!r} ({dtype}, {list(shape)}) takes no picture file: give it a .npy file that is prepared for "
            "the model"
        )
    channels = 1 if use is Use.GRAY else 3
    channels_first = use not in {Use.Y, Use.UV} and shape[1] == channels != shape[3]
    height, width = shape[2:4] if channels_first else shape[1:3]
    factor = 2 if use is Use.UV else 1
    try:
        planes = converted(_stretched(path, width * factor, height * factor), use, pixel_range)
    except InputError as error:
        raise InputError(f"{path}, for input {name!r}: {error}") from None
    if channels_first:
        planes = planes.transpose(2, 0, 1)
    if any(want not in {_DYNAMIC, have} for want, have in zip(shape[1:], planes.shape, strict=True)):
        raise InputError(
            f"input {name!r} with shape {list(shape)} is no {use.value}, which would be {[1, *planes.shape]}"
        )
    values = np.broadcast_to(planes, (max(shape[0], 1), *planes.shape))
    return (values.astype(np.int16) - 128).astype(np.int8) if dtype == np.int8 else values


def frame_values(path: Path, name: str, shape: Sequence[int], *, chroma: bool) -> Pixels:
    """Cuts one plane out of a raw NV12 frame: all of Y, then all of UV.

    Raises:
        InputError: The frame has another size than the input.
    """
    data = np.fromfile(path, dtype=np.uint8)
    height, width = (2 * shape[1], 2 * shape[2]) if chroma else shape[1:3]
    wrong = odd_size(width, height)
    if wrong:
        raise InputError(f"{path}, for input {name!r}: {wrong}")
    if data.size != height * width * 3 // 2 or shape[0] != 1:
        raise InputError(
            f"{path} has {data.size} bytes; an NV12 frame of {width} x {height}, which input {name!r} takes, has "
            f"{height * width * 3 // 2}"
        )
    luma_size = height * width
    return (data[luma_size:] if chroma else data[:luma_size]).reshape(shape)


@lru_cache(maxsize=8)
def read_picture(path: Path) -> Pixels:
    """Decodes a picture to (height, width, 3) RGB.

    Raises:
        InputError: It is none, or damaged.
        MissingPackageError: Pillow is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 (pillow is in an extra)
    except ImportError as error:
        raise MissingPackageError(
            f"reading pictures needs the package pillow: {how_to_install('tools', 'pillow')}"
        ) from error
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is no picture that can be read: {error}") from error


@lru_cache(maxsize=8)
def _stretched(path: Path, width: int, height: int) -> Pixels:
    """The picture in this size; a size below 0 is the picture's own."""
    picture = read_picture(path)
    own_height, own_width = picture.shape[:2]
    size = (own_width if width < 0 else width, own_height if height < 0 else height)
    if size == (own_width, own_height):
        return picture
    from PIL import Image  # noqa: PLC0415 (pillow is in an extra)

    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
