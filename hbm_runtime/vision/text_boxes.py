"""Finds text: the map of probabilities that a model such as PP-OCR's detection gives, turned into boxes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image import Letterbox

Image = NDArray[np.uint8]
Box = NDArray[np.float32]
"""Four corners (4, 2) in pixels of the picture: top left, top right, bottom right, bottom left."""

_MIN_SIDE = 3.0


def find_text(
    probabilities: NDArray[np.float32],
    letterbox: Letterbox,
    *,
    pixel_confidence: float = 0.3,
    box_confidence: float = 0.3,
    growth: float = 2.0,
) -> list[Box]:
    """Returns boxes around lines of text, in pixels of the picture and in reading order.

    Args:
        probabilities: (height, width), how likely each pixel of the letterbox is text.
        letterbox: Where the picture is in it.
        pixel_confidence: Pixels above this belong to a line.
        box_confidence: The least mean inside a box.
        growth: How far a box grows beyond the kernel of its line, which the map shows; 2 for PP-OCR.
    """
    mask = (probabilities > pixel_confidence).astype(np.uint8)
    mask = np.asarray(cv2.dilate(mask, np.ones((2, 2), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for contour in contours:
        centre, sides, angle = cv2.minAreaRect(contour)
        if (
            min(sides) < _MIN_SIDE
            or _mean_inside(probabilities, cv2.boxPoints((centre, sides, angle))) < box_confidence
        ):
            continue
        # The map shows the kernel of each line; the growth that training shrank it by is proportional to this.
        grow = 2 * growth * sides[0] * sides[1] / (2 * (sides[0] + sides[1]))
        corners = cv2.boxPoints((centre, (sides[0] + grow, sides[1] + grow), angle))
        last_pixel = np.array(letterbox.source) - 1
        boxes.append(_ordered(np.clip(letterbox.points_to_source(corners), 0, last_pixel)))
    return _reading_order(boxes)


def _mean_inside(probabilities: NDArray[np.float32], corners: NDArray[Any]) -> float:
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, None)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    part = probabilities[top:bottom, left:right]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners - [left, top]).astype(np.int32)], (1.0,))
    return float(part[mask == 1].mean()) if mask.any() else 0.0


def _ordered(corners: NDArray[Any]) -> Box:
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (half[np.argsort(half[:, 1], kind="stable")] for half in (by_x[:2], by_x[2:]))
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def _reading_order(boxes: list[Box]) -> list[Box]:
    """Lines from top to bottom; boxes whose middles lie on one line from left to right."""
    lines: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: float(box[:, 1].mean())):
        middle, height = box[:, 1].mean(), box[:, 1].max() - box[:, 1].min()
        if lines and abs(lines[-1][-1][:, 1].mean() - middle) < height / 2:
            lines[-1].append(box)
        else:
            lines.append([box])
    return [box for line in lines for box in sorted(line, key=lambda box: float(box[:, 0].min()))]
