"""Detections as messages, with stand-ins for vision_msgs, which no package index has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from std_msgs.msg import Header

from hbm_runtime.ros.results import detection_message, tensor_message
from hbm_runtime.vision import Detections


def detection() -> Any:
    position = SimpleNamespace(x=0.0, y=0.0)
    return SimpleNamespace(
        header=None,
        bbox=SimpleNamespace(center=SimpleNamespace(position=position), size_x=0.0, size_y=0.0),
        results=[],
    )


def test_boxes_become_middles_and_sizes() -> None:
    messages: Any = SimpleNamespace(
        Detection2DArray=lambda: SimpleNamespace(header=None, detections=[]),
        Detection2D=detection,
        ObjectHypothesisWithPose=lambda: SimpleNamespace(hypothesis=SimpleNamespace(class_id="", score=0.0)),
    )
    found = Detections(np.array([[10, 20, 30, 60]], np.float32), np.array([0.5], np.float32), np.array([7]))
    header = Header(frame_id="camera")
    (only,) = detection_message(found, header, messages).detections
    assert only.header is header
    assert (only.bbox.center.position.x, only.bbox.center.position.y) == (20, 40)
    assert (only.bbox.size_x, only.bbox.size_y) == (20, 40)
    assert (only.results[0].hypothesis.class_id, only.results[0].hypothesis.score) == ("7", 0.5)


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int32", "float16", "int64"])
def test_tensors_keep_their_numbers(dtype: str) -> None:
    array = np.arange(24).reshape(1, 2, 3, 4).astype(dtype)
    message = tensor_message(array, Header())
    assert (message.width, message.height) == (4, 6)
    kinds = {"32FC1": "float32", "8SC1": "int8", "8UC1": "uint8", "32SC1": "int32"}
    read = np.frombuffer(message.data, kinds[message.encoding]).reshape(array.shape)
    np.testing.assert_array_equal(read, array)
