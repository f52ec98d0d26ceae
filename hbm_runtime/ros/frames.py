"""Camera messages as the inputs of a model."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .. import image
from .._errors import InputError
from ..image import Letterbox
from ..vision import PictureInput

Pixels = NDArray[np.uint8]


def inputs_of(message: Any, taken: PictureInput, **letterbox: Any) -> tuple[dict[str, NDArray[Any]], Letterbox]:
    """Makes the inputs of a model from a picture.

    Args:
        message: sensor_msgs/Image with the encoding nv12, bgr8, rgb8 or mono8, or sensor_msgs/CompressedImage.
        taken: How the model takes pictures.
        letterbox: ``color``, ``center`` and ``range``, for `PictureInput.prepare`. NV12 frames are of that range, too.

    Returns:
        Arrays by input name, and where the picture is in them. An NV12 frame of the model's size is not converted.

    Raises:
        InputError: Another encoding, or data that do not fit the sizes.
    """
    if not hasattr(message, "encoding"):
        return taken.prepare(_decompressed(message), **letterbox)
    if message.encoding == "nv12":
        y, uv = image.split_nv12(_rows(message, message.height * 3 // 2, 1)[:, :, 0])
        size = (message.width, message.height)
        if taken.chroma is not None and taken.size == size:
            return {taken.luma: y, taken.chroma: uv}, Letterbox(size, size, 0, 0, size)
        return taken.prepare(image.nv12_to_bgr(y, uv, range=letterbox.get("range", "full")), **letterbox)
    if message.encoding == "mono8":
        return taken.prepare(np.repeat(_rows(message, message.height, 1), 3, axis=2), **letterbox)
    if message.encoding not in ("bgr8", "rgb8"):
        raise InputError(f"the encoding '{message.encoding}' is not one of nv12, bgr8, rgb8 and mono8")
    pixels = _rows(message, message.height, 3)
    return taken.prepare(pixels if message.encoding == "bgr8" else pixels[:, :, ::-1], **letterbox)


def _rows(message: Any, height: int, channels: int) -> Pixels:
    """The pixels (height, width, channels) without the padding of rows; nothing is copied."""
    width = message.width * channels
    step = message.step or width
    data = np.frombuffer(message.data, np.uint8)
    if step < width or data.size < step * (height - 1) + width or not data.size:
        raise InputError(
            f"a frame of {message.width} x {message.height} in {message.encoding} with rows of {step} bytes does not "
            f"have {data.size} bytes"
        )
    rows: Pixels = np.lib.stride_tricks.as_strided(
        data, (height, message.width, channels), (step, channels, 1), writeable=False
    )
    return rows


def _decompressed(message: Any) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise InputError(f"a compressed frame of format '{message.format}' is no picture")
    return np.asarray(pixels, np.uint8)
