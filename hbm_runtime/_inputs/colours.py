"""Whole pictures in the colours that inputs take. The numbers are those of `hbm_runtime.image`."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError
from ..image import rgb_to_nv12
from ..image._arrays import odd_size
from ..image.nv12 import Range

Pixels = NDArray[np.uint8]


class Use(str, Enum):
    """What an input takes of a picture, in the words of ``--input_img_properties``."""

    Y = "Y"
    UV = "UV"
    RGB = "RGB"
    BGR = "BGR"
    YUV444 = "YUV444"
    GRAY = "GRAY"


_USE_OF_TYPE = {"rgb": Use.RGB, "bgr": Use.BGR, "yuv444": Use.YUV444, "yuv444_128": Use.YUV444, "gray": Use.GRAY}


def use_of_type(runtime_type: str) -> Use | None:
    """Returns what an input of this type takes; None for NV12, whose planes differ, and for what is no picture."""
    return _USE_OF_TYPE.get(runtime_type)


def converted(rgb: Pixels, use: Use, pixel_range: Range) -> Pixels:
    """Converts a picture.

    Args:
        rgb: (height, width, 3).
        use: What is wanted.
        pixel_range: "full" or "video"; matters to Y, UV and YUV444. Gray is full range.

    Returns:
        (height, width, channels), for UV (height/2, width/2, 2).

    Raises:
        InputError: An odd size for Y or UV.
    """
    if use is Use.RGB:
        return rgb
    if use is Use.BGR:
        return rgb[..., ::-1]
    if use in {Use.Y, Use.UV}:
        wrong = odd_size(rgb.shape[1], rgb.shape[0])
        if wrong:
            raise InputError(wrong)
        luma, chroma = rgb_to_nv12(rgb, range=pixel_range)
        plane: Pixels = chroma[0] if use is Use.UV else luma[0]
        return plane
    # Each pixel four times: then it has a chroma of its own, and any size is even.
    luma, chroma = rgb_to_nv12(rgb.repeat(2, axis=0).repeat(2, axis=1), range=pixel_range)
    gray: Pixels = luma[0, ::2, ::2]
    if use is Use.GRAY:
        return gray
    yuv: Pixels = np.concatenate([gray, chroma[0]], axis=-1)
    return yuv
