"""Resizing, and the way back from what was resized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from .._errors import InputError
from ._arrays import Pixels, box_size, check_apart, colors, picture, target


def resize(image: Pixels, size: int | tuple[int, int], out: Pixels | None = None) -> Pixels:
    """Resizes a picture bilinearly, as `cv2.resize` with INTER_LINEAR does; numbers differ by at most 1.

    Args:
        image: (height, width) or (height, width, channels) with 1 to 4 channels.
        size: (width, height) of the result; one number for a square.
        out: Where the result goes, of any memory layout.

    Returns:
        `out`, or a new array.

    Raises:
        InputError: Sizes that do not fit, arrays that overlap.
        TypeError: Something else than numpy arrays and ints.
    """
    width, height = box_size("resize", size)
    source = picture("resize", "image", image)
    result = target("resize", "out", out, (height, width, *image.shape[2:]))
    check_apart("resize", image, result)
    _core._resize(source, picture("resize", "out", result))
    return result


@dataclass(frozen=True)
class Letterbox:
    """Where `letterbox` put a picture, and the way back.

    Attributes:
        source: (width, height) of the picture.
        size: (width, height) of the letterbox.
        left: Columns of padding on the left.
        top: Rows of padding on the top.
        inner: (width, height) of the picture within the letterbox.
    """

    source: tuple[int, int]
    size: tuple[int, int]
    left: int
    top: int
    inner: tuple[int, int]

    def points_to_source(self, points: npt.ArrayLike, *, clip: bool = False) -> npt.NDArray[Any]:
        """Maps points of the letterbox to the picture.

        Args:
            points: x and y in pixels along the last axis: (..., 2), or (..., 4) and so on for several points.
            clip: Move points outside the picture to its edge.

        Returns:
            A new array of the same shape: float64 for float64 and integers, else float32.

        Raises:
            InputError: The last axis does not consist of pairs.
        """
        given = np.asarray(points)
        if given.ndim == 0 or given.shape[-1] % 2 != 0:
            raise InputError(f"points_to_source(): the last axis of {list(given.shape)} does not consist of x and y")
        mapped = given.astype(np.result_type(given.dtype, np.float32))
        for axis, (offset, inner, source) in enumerate(
            zip((self.left, self.top), self.inner, self.source, strict=True)
        ):
            mapped[..., axis::2] = (mapped[..., axis::2] - offset) * (source / inner)
            if clip:
                mapped[..., axis::2] = mapped[..., axis::2].clip(0, source)
        return mapped

    def boxes_to_source(self, boxes: npt.ArrayLike, *, clip: bool = True) -> npt.NDArray[Any]:
        """Maps boxes of the letterbox to the picture.

        Args:
            boxes: x1, y1, x2, y2 in pixels along the last axis: (..., 4).
            clip: Cut boxes at the picture's edges.

        Returns:
            A new array of the same shape: float64 for float64 and integers, else float32.

        Raises:
            InputError: The last axis is not 4 long.
        """
        given = np.asarray(boxes)
        if given.ndim == 0 or given.shape[-1] != 4:
            raise InputError(f"boxes_to_source(): the last axis of {list(given.shape)} is not x1, y1, x2, y2")
        return self.points_to_source(given, clip=clip)


def letterbox(
    image: Pixels,
    size: int | tuple[int, int],
    color: int | Sequence[int] = 114,
    *,
    center: bool = True,
    enlarge: bool = True,
    out: Pixels | None = None,
) -> tuple[Pixels, Letterbox]:
    """Resizes a picture into a box of another shape without distorting it, and paints the padding.

    Args:
        image: (height, width) or (height, width, channels) with 1 to 4 channels.
        size: (width, height) of the box; one number for a square. Even for NV12.
        color: Colour of the padding: one number, or one for each channel in the picture's order.
        center: Put the picture in the middle; else at the upper left.
        enlarge: Make a picture that is smaller than the box bigger.
        out: Where the result goes, of any memory layout.

    Returns:
        `out` or a new array, and the `Letterbox` that maps boxes and points back to the picture.

    Raises:
        InputError: Sizes or colours that do not fit, arrays that overlap.
        TypeError: Something else than numpy arrays and ints.
    """
    width, height = box_size("letterbox", size)
    source = picture("letterbox", "image", image)
    channels = source.shape[2]
    four = colors("letterbox", color, channels) + [0] * (4 - channels)
    result = target("letterbox", "out", out, (height, width, *image.shape[2:]))
    check_apart("letterbox", image, result)
    place = _core._place_in_box(source.shape[1], source.shape[0], width, height, enlarge=enlarge, center=center)
    _core._letterbox(source, place, four, picture("letterbox", "out", result))
    left, top, inner_width, inner_height = place
    box = Letterbox((source.shape[1], source.shape[0]), (width, height), left, top, (inner_width, inner_height))
    return result, box
