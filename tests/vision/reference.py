"""YOLO outputs decoded one place after the other in float64, as the papers and exporters define them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Found:
    box: tuple[float, float, float, float]
    score: float
    kind: int
    extra: tuple[float, ...] = ()


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def distances(
    heads: Sequence[tuple[Array, ...]], side: int, confidence: float, *, keypoints: bool = False
) -> Iterator[Found]:
    """Heads (H, W, C): scores, distances, and perhaps a third."""
    for scores, boxes, *rest in heads:
        stride = side / scores.shape[0]
        for row in range(scores.shape[0]):
            for column in range(scores.shape[1]):
                kind = int(scores[row, column].argmax())
                score = sigmoid(scores[row, column, kind])
                if score < confidence:
                    continue
                edges = []
                for part in np.split(boxes[row, column].astype(float), 4):
                    powers = [math.exp(value) for value in part]
                    edges.append(sum(index * power for index, power in enumerate(powers)) / sum(powers))
                x, y = column + 0.5, row + 0.5
                box = (x - edges[0], y - edges[1], x + edges[2], y + edges[3])
                extra = [float(value) for head in rest for value in head[row, column]]
                if keypoints:
                    for start in range(0, len(extra), 3):
                        extra[start] = (extra[start] * 2 + column) * stride
                        extra[start + 1] = (extra[start + 1] * 2 + row) * stride
                        extra[start + 2] = sigmoid(extra[start + 2])
                yield Found(tuple(edge * stride for edge in box), score, kind, tuple(extra))


def anchored(heads: Sequence[Array], anchors: Any, side: int, confidence: float, masks: int = 0) -> Iterator[Found]:
    """Heads (H, W, anchors * C) of YOLOv5."""
    for head, sizes in zip(heads, anchors, strict=True):
        stride = side / head.shape[0]
        for row in range(head.shape[0]):
            for column in range(head.shape[1]):
                for values, (width, height) in zip(np.split(head[row, column], len(sizes)), sizes, strict=True):
                    classes = values[5 : len(values) - masks]
                    kind = int(classes.argmax())
                    score = sigmoid(values[4]) * sigmoid(classes[kind])
                    if score < confidence:
                        continue
                    x = (sigmoid(values[0]) * 2 - 0.5 + column) * stride
                    y = (sigmoid(values[1]) * 2 - 0.5 + row) * stride
                    w, h = (sigmoid(values[2]) * 2) ** 2 * width, (sigmoid(values[3]) * 2) ** 2 * height
                    extra = tuple(float(value) for value in values[len(values) - masks :])
                    yield Found((x - w / 2, y - h / 2, x + w / 2, y + h / 2), score, kind, extra)


def overlap(first: Found, second: Found) -> float:
    width = min(first.box[2], second.box[2]) - max(first.box[0], second.box[0])
    height = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
    shared = max(width, 0.0) * max(height, 0.0)

    def area(found: Found) -> float:
        return (found.box[2] - found.box[0]) * (found.box[3] - found.box[1])

    return shared / (area(first) + area(second) - shared)


def suppressed(found: Iterator[Found], iou: float) -> list[Found]:
    kept: list[Found] = []
    for each in sorted(found, key=lambda one: -one.score):
        if all(one.kind != each.kind or overlap(one, each) <= iou for one in kept):
            kept.append(each)
    return kept
