"""Pictures for the tests, and NV12 computed from the standard in floating point and from integer weights in numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

# Kr and Kb of BT.601; the rest follows.
RED, BLUE = 0.299, 0.114


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Pixels:
    """Every pixel by itself: what shows a wrong neighbour."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def yuv(rgb: npt.NDArray[Any], *, video: bool) -> tuple[npt.NDArray[np.float64], ...]:
    """Y, U and V by the definition, unrounded."""
    red, green, blue = (rgb[..., channel].astype(np.float64) / 255 for channel in range(3))
    luma = RED * red + (1 - RED - BLUE) * green + BLUE * blue
    u = (blue - luma) / (2 * (1 - BLUE))
    v = (red - luma) / (2 * (1 - RED))
    y_scale, c_scale, black = (219.0, 224.0, 16.0) if video else (255.0, 255.0, 0.0)
    return luma * y_scale + black, u * c_scale + 128, v * c_scale + 128


def rgb_of(y: npt.NDArray[Any], u: npt.NDArray[Any], v: npt.NDArray[Any], *, video: bool) -> npt.NDArray[np.float64]:
    """R, G and B by the definition, unrounded and unclipped; all three planes have the picture's size."""
    y_scale, c_scale, black = (219.0, 224.0, 16.0) if video else (255.0, 255.0, 0.0)
    luma = np.maximum(y.astype(np.float64) - black, 0) / y_scale
    blue = luma + 2 * (1 - BLUE) * (u.astype(np.float64) - 128) / c_scale
    red = luma + 2 * (1 - RED) * (v.astype(np.float64) - 128) / c_scale
    green = (luma - RED * red - BLUE * blue) / (1 - RED - BLUE)
    return np.stack([red, green, blue], -1) * 255


def padded(array: Pixels) -> Pixels:
    """The same pixels with unused bytes after every row of pixels."""
    wide = np.full((array.shape[0], array.shape[1] + 7, *array.shape[2:]), 99, np.uint8)
    wide[:, : array.shape[1]] = array
    return wide[:, : array.shape[1]]


def every_second_pixel(array: Pixels) -> Pixels:
    wide = np.full((array.shape[0], array.shape[1] * 2, *array.shape[2:]), 99, np.uint8)
    wide[:, ::2] = array
    return wide[:, ::2]


def with_fourth_channel(array: Pixels) -> Pixels:
    wide = np.full((*array.shape[:-1], array.shape[-1] + 1), 99, np.uint8)
    wide[..., :-1] = array
    return wide[..., :-1]


LAYOUTS: dict[str, Callable[[Pixels], Pixels]] = {
    "dense": np.ascontiguousarray,
    "padded rows": padded,
    "Fortran order": np.asfortranarray,
    "upside down": lambda array: np.ascontiguousarray(array[::-1])[::-1],
    "mirrored": lambda array: np.ascontiguousarray(array[:, ::-1])[:, ::-1],
    "channels backwards": lambda array: np.ascontiguousarray(array[..., ::-1])[..., ::-1],
    "every second pixel": every_second_pixel,
    "view of more channels": with_fourth_channel,
    "planar": lambda array: np.ascontiguousarray(np.moveaxis(array, -1, 0)).transpose(1, 2, 0),
}
