"""Masks of objects: products of coefficients and prototypes, cut at the boxes."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image import Letterbox
from .stored import Floats


def paint_masks(prototypes: Floats, coefficients: Floats, boxes: Floats, place: Letterbox) -> NDArray[np.bool_]:
    """The pixels of each object.

    Args:
        prototypes: (rows * columns, P) of a map that covers the letterbox.
        coefficients: (N, P).
        boxes: (N, 4) in pixels of the picture, cut at its edges.
        place: Where the picture is in the letterbox.

    Returns:
        (N, height, width) of the picture. Between the map's places values are interpolated linearly.
    """
    width, height = place.source
    masks = np.zeros((len(boxes), height, width), np.bool_)
    if not len(boxes):
        return masks
    share = math.sqrt(place.size[0] * place.size[1] / len(prototypes))
    columns = round(place.size[0] / share)
    maps = (coefficients @ prototypes.T).reshape(len(boxes), -1, columns)
    for mask, values, box in zip(masks, maps, boxes, strict=True):
        left, top = (max(0, math.floor(float(edge))) for edge in box[:2])
        right, bottom = (math.ceil(float(edge)) for edge in box[2:])
        inside = _at_pixels(values, (left, top, min(right, width), min(bottom, height)), place, share) > 0
        mask[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return masks


def _at_pixels(values: Floats, window: tuple[int, int, int, int], place: Letterbox, share: float) -> NDArray[Any]:
    """The map at the middles of the pixels of a window of the picture."""
    left, top, right, bottom = window
    if right <= left or bottom <= top:
        return np.empty((0, 0), np.float32)
    steps = [inner / source / share for inner, source in zip(place.inner, place.source, strict=True)]
    starts = [
        (edge + 0.5) * step + offset / share - 0.5
        for edge, step, offset in zip((left, top), steps, (place.left, place.top), strict=True)
    ]
    across = (starts[0] + steps[0] * np.arange(right - left)).astype(np.float32)
    down = (starts[1] + steps[1] * np.arange(bottom - top)).astype(np.float32)
    x, y = np.meshgrid(across, down)
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
