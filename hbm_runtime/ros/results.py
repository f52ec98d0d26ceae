"""What a model gave, as messages with the header of its frame."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from ..vision import Detections

_ENCODINGS = {
    "uint8": "8UC1", "int8": "8SC1", "uint16": "16UC1", "int16": "16SC1",
    "int32": "32SC1", "float32": "32FC1", "float64": "64FC1",
}  # fmt: skip


def vision_messages() -> ModuleType | None:
    """The module vision_msgs.msg; None where that package is not installed."""
    try:
        return importlib.import_module("vision_msgs.msg")
    except ImportError:
        return None


def tensor_message(array: NDArray[Any], header: Any) -> Image:
    """An output as an image with one channel: as wide as its last dimension, as high as all others together."""
    if array.dtype.name not in _ENCODINGS:
        array = array.astype(np.float32)
    message = Image()
    message.header = header
    message.width = array.shape[-1] if array.ndim else 1
    message.height = array.size // max(message.width, 1)
    message.encoding = _ENCODINGS[array.dtype.name]
    message.step = message.width * array.itemsize
    message.is_bigendian = 0
    message.data.frombytes(np.ascontiguousarray(array).tobytes())
    return message


def detection_message(found: Detections, header: Any, messages: ModuleType) -> Any:
    """Detections as vision_msgs/Detection2DArray; the class is its number as text."""
    result = messages.Detection2DArray()
    result.header = header
    for box, score, kind in zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True):
        detection = messages.Detection2D()
        detection.header = header
        left, top, right, bottom = box
        detection.bbox.center.position.x, detection.bbox.center.position.y = (left + right) / 2, (top + bottom) / 2
        detection.bbox.size_x, detection.bbox.size_y = right - left, bottom - top
        hypothesis = messages.ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = str(kind), score
        detection.results.append(hypothesis)
        result.detections.append(detection)
    return result
