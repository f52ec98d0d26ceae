"""Draws detections into pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_COLORS = (
    (214, 39, 40), (31, 119, 180), (44, 160, 44), (255, 127, 14), (148, 103, 189),
    (23, 190, 207), (227, 119, 194), (140, 86, 75), (188, 189, 34), (127, 127, 127),
)  # fmt: skip
_VISIBLE = 0.5


def draw(
    image: NDArray[np.uint8],
    boxes: NDArray[Any],
    labels: Sequence[tuple[int, str]],
    masks: NDArray[np.bool_] | None,
    keypoints: NDArray[Any] | None,
) -> NDArray[np.uint8]:
    """Returns a copy of the picture with boxes, labels and, where there are, masks and key points.

    Args:
        image: (height, width, 3).
        boxes: (N, 4).
        labels: Number of the class, which chooses the colour, and text, for each box.
        masks: (N, height, width).
        keypoints: (N, K, 3).
    """
    canvas = np.ascontiguousarray(image).copy()
    width = max(1, round(max(canvas.shape[:2]) / 400))
    # The least certain first, so that the most certain ends up on top.
    for number in reversed(range(len(boxes))):
        kind, text = labels[number]
        color = _COLORS[kind % len(_COLORS)]
        if masks is not None:
            inside = masks[number]
            canvas[inside] = (canvas[inside] * 0.5 + np.array(color) * 0.5).astype(np.uint8)
        left, top, right, bottom = (round(float(edge)) for edge in boxes[number])
        cv2.rectangle(canvas, (left, top), (right, bottom), color, width)
        _label(canvas, text, (left, top), color, width)
        for x, y, certainty in [] if keypoints is None else keypoints[number]:
            if certainty >= _VISIBLE:
                cv2.circle(canvas, (round(float(x)), round(float(y))), 2 * width, color, -1)
    return canvas


def _label(canvas: Any, text: str, corner: tuple[int, int], color: tuple[int, int, int], width: int) -> None:
    scale = 0.4 * max(1.0, width / 1.5)
    (length, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left = max(0, min(corner[0], canvas.shape[1] - length))
    bottom = max(height + below, corner[1])
    cv2.rectangle(canvas, (left, bottom - height - below), (left + length, bottom), color, -1)
    cv2.putText(
        canvas, text, (left, bottom - below // 2), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA
    )
