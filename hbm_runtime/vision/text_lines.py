"""Reads one line of text: a strip of the picture in, probabilities of characters out, turned into a string."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .text_boxes import Box, Image

_GRAY = 128


def cut_out(image: Image, box: Box) -> Image:
    """Returns the upright content of a box; boxes that stand on end are turned.

    Args:
        image: (height, width, 3).
        box: Corners (4, 2): top left, top right, bottom right, bottom left.
    """
    width = round(max(float(np.linalg.norm(box[0] - box[1])), float(np.linalg.norm(box[3] - box[2]))))
    height = round(max(float(np.linalg.norm(box[0] - box[3])), float(np.linalg.norm(box[1] - box[2]))))
    width, height = max(width, 1), max(height, 1)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(box, corners)
    strip = cv2.warpPerspective(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.asarray(np.rot90(strip) if height >= 1.5 * width else strip, np.uint8)


def to_strip(image: Image, height: int, width: int) -> Image:
    """Returns pixels (1, height, width, 3): the picture at this height, at most this wide, the rest gray."""
    wanted = min(width, max(1, round(image.shape[1] * height / image.shape[0])))
    strip = np.full((1, height, width, 3), _GRAY, np.uint8)
    strip[0, :, :wanted] = cv2.resize(np.ascontiguousarray(image), (wanted, height), interpolation=cv2.INTER_LINEAR)
    return strip


def read_text(probabilities: NDArray[np.float32], characters: Sequence[str]) -> tuple[str, float]:
    """Returns the text and how certain it is.

    Args:
        probabilities: (steps, characters). Repeated characters count once, number 0 separates (CTC).
        characters: What the numbers stand for.
    """
    classes = probabilities.argmax(axis=-1)
    kept = (classes != 0) & np.concatenate(([True], classes[1:] != classes[:-1]))
    text = "".join(characters[int(number)] for number in classes[kept])
    best = probabilities.max(axis=-1)[kept]
    return text, float(best.mean()) if best.size else 0.0
