"""BT.601 colour conversion of whole pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.cli.description import VIDEO_RANGE

Plane = NDArray[np.uint8]

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114


def rgb_to_yuv444(picture: Plane, pixel_range: str) -> Plane:
    """Converts (h, w, 3) RGB to (h, w, 3) YUV."""
    luma, blue, red = _components(picture)
    return np.stack([_luma(luma, pixel_range), _chroma(blue, pixel_range), _chroma(red, pixel_range)], axis=-1)


def rgb_to_nv12(picture: Plane, pixel_range: str) -> tuple[Plane, Plane]:
    """Converts (h, w, 3) RGB with even sizes to Y (h, w) and UV (h/2, w/2, 2); chroma is the mean of four pixels."""
    luma, blue, red = _components(picture)
    chroma = [_chroma(_halved(part), pixel_range) for part in (blue, red)]
    return _luma(luma, pixel_range), np.stack(chroma, axis=-1)


def _components(picture: Plane) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Luma of 0 to 255, and both colour differences of -127.5 to 127.5."""
    red, green, blue = (picture[..., channel].astype(np.float32) for channel in range(3))
    luma = _RED * red + _GREEN * green + _BLUE * blue
    return luma, (blue - luma) / (2 * (1 - _BLUE)), (red - luma) / (2 * (1 - _RED))


def _halved(part: NDArray[Any]) -> NDArray[Any]:
    height, width = part.shape
    mean: NDArray[Any] = part.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return mean


def _luma(values: NDArray[Any], pixel_range: str) -> Plane:
    return _rounded(values * (219 / 255) + 16 if pixel_range == VIDEO_RANGE else values)


def _chroma(values: NDArray[Any], pixel_range: str) -> Plane:
    return _rounded(values * (224 / 255) + 128 if pixel_range == VIDEO_RANGE else values + 128)


def _rounded(values: NDArray[Any]) -> Plane:
    rounded: Plane = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
