"""Keeps one of several boxes around the same thing."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def non_maximum_suppression(
    boxes: NDArray[Any],
    scores: NDArray[Any],
    classes: NDArray[Any],
    *,
    iou: float = 0.45,
    confidence: float = 0.0,
    limit: int = 300,
) -> NDArray[np.int64]:
    """Picks boxes, class by class, that overlap no more certain one by more than ``iou``. OpenCV does it.

    Args:
        boxes: (N, 4): x1, y1, x2, y2.
        scores: (N,).
        classes: (N,), whole numbers.
        iou: Intersection over union, 0 to 1.
        confidence: Boxes with lower scores are left out.
        limit: How many boxes are kept at most.

    Returns:
        Positions of the boxes that stay, the most certain first.
    """
    if len(boxes) == 0:
        return np.empty(0, np.int64)
    corners = np.asarray(boxes, np.float32)
    sizes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(
        sizes.tolist(),
        np.asarray(scores, np.float32).tolist(),
        np.asarray(classes).astype(int).tolist(),
        confidence,
        iou,
    )
    found = np.asarray(kept, np.int64).reshape(-1)
    order = np.argsort(-np.asarray(scores, np.float32)[found], kind="stable")
    return found[order][:limit]
