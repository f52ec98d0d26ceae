"""Decodes the outputs of YOLO models to boxes, before overlapping ones are removed.

Each function takes one output, or the outputs of one scale, as `Rows` and looks at integers first: only rows whose
score can reach the threshold are dequantised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .stored import Floats, Rows


@dataclass(frozen=True)
class Candidates:
    """Boxes that may overlap, in pixels of the model's input.

    Attributes:
        boxes: float32 (N, 4): x1, y1, x2, y2.
        scores: float32 (N,).
        classes: int64 (N,).
        extra: float32 (N, E): coefficients of masks, or key points as x, y, certainty.
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]
    extra: Floats


@dataclass(frozen=True)
class Grid:
    """The places of one scale.

    Attributes:
        size: (width, height) in places.
        stride: Pixels of the input from one place to the next, (x, y).
    """

    size: tuple[int, int]
    stride: tuple[float, float]

    def corners(self, places: NDArray[np.int64]) -> Floats:
        """Gives x and y of places, counted row by row: (N, 2), in places."""
        return np.stack([places % self.size[0], places // self.size[0]], axis=1).astype(np.float32)


def sigmoid(values: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    halves = np.tanh(values * np.float32(0.5))
    return np.asarray(halves * np.float32(0.5) + np.float32(0.5))


def logit(probability: float) -> float:
    """The value whose sigmoid is this."""
    if probability <= 0 or probability >= 1:
        return -math.inf if probability <= 0 else math.inf
    return math.log(probability / (1 - probability))


def decode_distances(
    grid: Grid, scores: Rows, distances: Rows, extra: Rows | None, *, confidence: float, keypoints: int
) -> Candidates:
    """Heads of YOLOv8 and its successors, one scale.

    Args:
        grid: Its places.
        scores: Logits of the classes.
        distances: Distributions of the distances to the left, upper, right and lower edge, each with a fourth of the
            channels.
        extra: Coefficients of masks, or raw key points.
        confidence: The least score.
        keypoints: How many key points ``extra`` has; 0 where it has coefficients.
    """
    # A row that passes this by rounding is dropped by its exact score below.
    places = np.flatnonzero(scores.reaches(logit(confidence) - 1e-4).any(axis=1))
    best, classes = _best(scores.real(places))
    certainties = sigmoid(best)
    keep = certainties >= np.float32(confidence)
    places, certainties, classes = places[keep], certainties[keep], classes[keep]
    raw = distances.real(places).reshape(len(places), 4, distances.channels // 4)
    weights = np.exp(raw - raw.max(axis=2, keepdims=True))
    bins = np.arange(raw.shape[2], dtype=np.float32)
    edges = (weights * bins).sum(axis=2) / weights.sum(axis=2)
    middles = grid.corners(places) + np.float32(0.5)
    stride = np.array(grid.stride, np.float32)
    boxes = np.concatenate([(middles - edges[:, :2]) * stride, (middles + edges[:, 2:]) * stride], axis=1)
    found = np.empty((len(places), 0), np.float32) if extra is None else extra.real(places)
    if keypoints:
        points = found.reshape(len(places), keypoints, 3)
        position = (points[:, :, :2] * 2 + (middles - np.float32(0.5))[:, None]) * stride
        found = np.concatenate([position, sigmoid(points[:, :, 2:])], axis=2).reshape(found.shape)
    return Candidates(boxes.astype(np.float32), certainties, classes, found.astype(np.float32))


def decode_anchors(grid: Grid, rows: Rows, anchors: Floats, extra: int, confidence: float) -> Candidates:
    """A head of YOLOv5, one scale.

    Args:
        grid: Its places.
        rows: For each anchor x, y, width, height, objectness, the classes and the extra channels, all before sigmoid.
        anchors: (A, 2): width and height in pixels of the input.
        extra: How many coefficients of masks are at the end.
        confidence: The least product of objectness and class.
    """
    width = rows.channels // len(anchors)
    parts = []
    for number, anchor in enumerate(anchors):
        begin = number * width
        objectness = rows.columns(begin + 4, begin + 5).reaches(logit(confidence) - 1e-4)[:, 0]
        places = np.flatnonzero(objectness)
        values = rows.columns(begin, begin + width).real(places)
        best, classes = _best(sigmoid(values[:, 5 : width - extra]))
        scores = best * sigmoid(values[:, 4])
        keep = scores >= np.float32(confidence)
        places, values, scores, classes = places[keep], values[keep], scores[keep], classes[keep]
        shape = sigmoid(values[:, :4])
        stride = np.array(grid.stride, np.float32)
        middles = (shape[:, :2] * 2 - np.float32(0.5) + grid.corners(places)) * stride
        halves = np.square(shape[:, 2:] * 2) * anchor / 2
        boxes = np.concatenate([middles - halves, middles + halves], axis=1).astype(np.float32)
        parts.append(Candidates(boxes, scores, classes, values[:, width - extra :]))
    return joined(parts)


def decode_table(rows: Rows, extra: int, confidence: float, *, objectness: bool) -> Candidates:
    """The output of an exported ONNX model: boxes as middle and size, scores as probabilities.

    Args:
        rows: x, y, width, height, with ``objectness`` how certain an object is there, the classes, the extra channels.
        extra: How many channels at the end are coefficients of masks, or key points.
        confidence: The least score.
        objectness: True for YOLOv5, False for YOLOv8 and its successors.
    """
    first = 5 if objectness else 4
    last = rows.channels - extra
    deciding = rows.columns(4, 5) if objectness else rows.columns(4, last)
    places = np.flatnonzero(deciding.reaches(confidence).any(axis=1))
    values = rows.real(places)
    scores, classes = _best(values[:, first:last])
    if objectness:
        scores = scores * values[:, 4]
        keep = scores >= np.float32(confidence)
        values, scores, classes = values[keep], scores[keep], classes[keep]
    middles, halves = values[:, :2], values[:, 2:4] / 2
    boxes = np.concatenate([middles - halves, middles + halves], axis=1)
    return Candidates(boxes, scores, classes, values[:, last:])


def joined(parts: list[Candidates]) -> Candidates:
    """All of them, one after the other."""
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.classes for part in parts]),
        np.concatenate([part.extra for part in parts]),
    )


def _best(scores: Floats) -> tuple[Floats, NDArray[np.int64]]:
    if scores.shape[1] == 0 or len(scores) == 0:
        return np.zeros(len(scores), np.float32), np.zeros(len(scores), np.int64)
    classes = scores.argmax(axis=1)
    return np.take_along_axis(scores, classes[:, None], axis=1)[:, 0], classes.astype(np.int64)
