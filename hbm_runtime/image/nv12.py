"""NV12, the two planes that camera models take, to and from BGR and RGB."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .. import _core
from .._errors import InputError
from ._arrays import Pixels, check_apart, check_bytes, check_color, check_even, target, uv_plane, y_plane

Range = Literal["full", "video"]


def bgr_to_nv12(
    image: Pixels,
    y: Pixels | None = None,
    uv: Pixels | None = None,
    *,
    range: Range = "full",  # noqa: A002 - what OpenCV, FFmpeg and the compiler call it
) -> tuple[Pixels, Pixels]:
    """Converts a BGR picture to the two planes that NV12 models take, in one pass.

    Chroma is that of the upper left pixel of each block of 2 x 2 pixels, as in OpenCV.

    Args:
        image: BGR, (height, width, 3), both sizes even.
        y: Where the Y plane goes: (1, height, width, 1), (height, width, 1), (1, height, width) or (height, width), of
            any memory layout, such as a view of an input in device memory.
        uv: Where U and V go, in turn: (1, height/2, width/2, 2), (height/2, width/2, 2), (1, height/2, width) or
            (height/2, width).
        range: BT.601 with all values from 0 to 255 (``"full"``: models compiled with input_space_and_range regular), or
            16 to 235 and 240 (``"video"``: bt601_video). ``"video"`` gives the numbers of OpenCV's COLOR_BGR2YUV_I420.

    Returns:
        `y` and `uv`, or new arrays (1, height, width, 1) and (1, height/2, width/2, 2).

    Raises:
        InputError: An odd size, or shapes that do not fit each other, arrays that overlap.
        TypeError: Something else than numpy arrays.
    """
    return _to_nv12("bgr_to_nv12", image, y, uv, range, rgb=False)


def rgb_to_nv12(
    image: Pixels,
    y: Pixels | None = None,
    uv: Pixels | None = None,
    *,
    range: Range = "full",  # noqa: A002 - what OpenCV, FFmpeg and the compiler call it
) -> tuple[Pixels, Pixels]:
    """Converts an RGB picture to the two planes that NV12 models take: `bgr_to_nv12` for the other order."""
    return _to_nv12("rgb_to_nv12", image, y, uv, range, rgb=True)


def nv12_to_bgr(
    y: Pixels,
    uv: Pixels,
    out: Pixels | None = None,
    *,
    range: Range = "full",  # noqa: A002
) -> Pixels:
    """Converts the two planes of NV12 to a BGR picture; every block of 2 x 2 pixels has one chroma.

    Args:
        y: The Y plane, in one of the shapes that `bgr_to_nv12` takes.
        uv: U and V in turn, likewise.
        out: Where the picture goes, (height, width, 3) of any memory layout.
        range: As for `bgr_to_nv12`. ``"video"`` gives the numbers of OpenCV's COLOR_YUV2BGR_NV12.

    Returns:
        `out`, or a new array (height, width, 3).

    Raises:
        InputError: An odd size, or shapes that do not fit each other, arrays that overlap.
        TypeError: Something else than numpy arrays.
    """
    return _from_nv12("nv12_to_bgr", y, uv, out, range, rgb=False)


def nv12_to_rgb(
    y: Pixels,
    uv: Pixels,
    out: Pixels | None = None,
    *,
    range: Range = "full",  # noqa: A002
) -> Pixels:
    """Converts the two planes of NV12 to an RGB picture: `nv12_to_bgr` for the other order."""
    return _from_nv12("nv12_to_rgb", y, uv, out, range, rgb=True)


def split_nv12(frame: Pixels) -> tuple[Pixels, Pixels]:
    """Views the two planes of a packed NV12 picture, as cameras and decoders deliver it; copies nothing.

    Args:
        frame: (height * 3/2, width): the rows of Y, then those of U and V in turn.

    Returns:
        Views (1, height, width, 1) and (1, height/2, width/2, 2).

    Raises:
        InputError: Another shape, or an odd size.
        TypeError: Something else than a numpy array.
    """
    check_bytes("split_nv12", "frame", frame)
    rows, width = frame.shape if frame.ndim == 2 else (0, 0)
    height = rows * 2 // 3
    if rows == 0 or rows % 3 != 0 or height % 2 != 0 or width % 2 != 0 or width == 0:
        raise InputError(
            f"split_nv12(): frame has the shape {list(frame.shape)}; packed NV12 is (height * 3/2, width) with an even "
            "height and an even width"
        )
    return frame[None, :height, :, None], frame[height:].reshape(1, height // 2, width // 2, 2)


def _to_nv12(
    function: str, image: Pixels, y: Pixels | None, uv: Pixels | None, given_range: str, *, rgb: bool
) -> tuple[Pixels, Pixels]:
    video = _is_video(function, given_range)
    check_color(function, "image", image)
    height, width = image.shape[:2]
    check_even(function, width, height)
    y = np.empty((1, height, width, 1), np.uint8) if y is None else y
    uv = np.empty((1, height // 2, width // 2, 2), np.uint8) if uv is None else uv
    planes = y_plane(function, y, height, width), uv_plane(function, uv, height, width)
    for name, plane in (("y", y), ("uv", uv)):
        if not plane.flags.writeable:
            raise InputError(f"{function}(): {name} is read-only")
    check_apart(function, image, y, uv)
    _core._to_nv12(image, *planes, rgb=rgb, video=video)
    return y, uv


def _from_nv12(function: str, y: Pixels, uv: Pixels, out: Pixels | None, given_range: str, *, rgb: bool) -> Pixels:
    video = _is_video(function, given_range)
    check_bytes(function, "y", y)
    shape = [size for size in y.shape if size != 1]
    if len(shape) != 2:
        raise InputError(f"{function}(): y has the shape {list(y.shape)}, which is not that of a Y plane")
    height, width = shape
    check_even(function, width, height)
    planes = y_plane(function, y, height, width), uv_plane(function, uv, height, width)
    image = target(function, "out", out, (height, width, 3))
    check_apart(function, image, y, uv)
    _core._from_nv12(*planes, image, rgb=rgb, video=video)
    return image


def _is_video(function: str, given_range: str) -> bool:
    if given_range not in {"full", "video"}:
        raise InputError(f'{function}(): range must be "full" or "video", not {given_range!r}')
    return given_range == "video"
