"""Real ROS 2 nodes in one process: frames in, results out with the frames' headers, and every frame accounted for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.parser import parse_model

rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.qos import QoSProfile, qos_profile_sensor_data  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402

from hbm_runtime import image  # noqa: E402
from hbm_runtime.ros import HbmNode  # noqa: E402

# ROS 2's own packages use what newer Pythons discourage.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
FRAMES = 30
SIZE = (64, 32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The mean of each channel of a picture (RGB, 0 to 1)."""
    graph = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> net (float[1,3,32,64] x) => (float[1,3] mean) '
        "{ mean = ReduceMean <axes = [2, 3], keepdims = 0> (x) }"
    )
    onnx.save(graph, str(tmp_path / "net.onnx"))
    return tmp_path / "net.onnx"


@pytest.fixture
def ros(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An executor in a ROS domain of its own, on this machine only."""
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    context = rclpy.Context()
    context.init()
    executor = MultiThreadedExecutor(2, context=context)
    try:
        yield executor
    finally:
        executor.shutdown()
        context.try_shutdown()


def until(executor: Any, condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        executor.spin_once(timeout_sec=0.05)


def started(executor: Any, model: Path, **parameters: Any) -> Any:
    given = [rclpy.Parameter(name, value=value) for name, value in {"model": str(model), **parameters}.items()]
    node = HbmNode(context=executor.context, parameter_overrides=given)
    executor.add_node(node)
    assert node.trigger_configure() == rclpy.lifecycle.TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == rclpy.lifecycle.TransitionCallbackReturn.SUCCESS
    return node


def frame(number: int, encoding: str) -> Any:
    """A gray picture whose brightness is its number, with its number as time stamp."""
    picture = np.full((32, 64, 3), 4 * number, np.uint8)
    picture[:, :, 0] = 200  # the first channel, red or blue
    if encoding == "jpeg":
        import cv2

        message = CompressedImage(format="jpeg")
        message.data.frombytes(cv2.imencode(".png", picture)[1].tobytes())
    else:
        message = Image(width=64, height=32, encoding=encoding, step=192)
        if encoding == "nv12":
            y, uv = image.bgr_to_nv12(picture)
            picture, message.step = np.concatenate([y.reshape(32, 64), uv.reshape(16, 64)]), 64
        message.data.frombytes(picture.tobytes())
    message.header.stamp.sec, message.header.frame_id = number, "camera"
    return message


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "nv12", "jpeg"])
def test_thirty_frames_between_two_nodes_and_none_unaccounted_for(ros: Any, model: Path, encoding: str) -> None:
    node = started(ros, model, compressed=encoding == "jpeg")
    camera = rclpy.create_node("camera", context=ros.context)
    ros.add_node(camera)
    found: list[Any] = []
    camera.create_subscription(Image, "/hbm_runtime/outputs/mean", found.append, QoSProfile(depth=FRAMES))
    kind = CompressedImage if encoding == "jpeg" else Image
    sender = camera.create_publisher(kind, "image", qos_profile_sensor_data)
    until(ros, lambda: sender.get_subscription_count() == 1)
    until(ros, lambda: camera.count_publishers("/hbm_runtime/outputs/mean") == 1)
    for number in range(FRAMES):
        sender.publish(frame(number, encoding))
        until(ros, lambda sent=number + 1: node.counts["received"] == sent)  # type: ignore[misc]
    until(ros, lambda: node.counts["published"] + node.counts["dropped"] == FRAMES)
    until(ros, lambda: len(found) == node.counts["published"])
    assert node.counts["failed"] == node.counts["refused"] == 0
    assert node.counts["published"] >= 1
    stamps = [message.header.stamp.sec for message in found]
    assert stamps == sorted(set(stamps))
    for message in found:
        assert (message.header.frame_id, message.encoding, message.width, message.height) == ("camera", "32FC1", 3, 1)
        mean = np.frombuffer(message.data, np.float32) * 255
        gray = 4 * message.header.stamp.sec
        expected = [200, gray, gray] if encoding == "rgb8" else [gray, gray, 200]
        np.testing.assert_allclose(mean, expected, atol=8 if encoding == "nv12" else 0.01)
    assert node.trigger_deactivate() == rclpy.lifecycle.TransitionCallbackReturn.SUCCESS
    assert node.trigger_cleanup() == rclpy.lifecycle.TransitionCallbackReturn.SUCCESS
    node.destroy_node()


def test_wrong_frames_are_refused_and_the_node_goes_on(ros: Any, model: Path) -> None:
    node = started(ros, model)
    for wrong in (Image(width=64, height=32, encoding="rgb8", step=192), Image(width=4, height=4, encoding="yuv422")):
        node._take(wrong)
    node._take(frame(3, "rgb8"))
    until(ros, lambda: node.counts["published"] == 1)
    assert (node.counts["received"], node.counts["refused"]) == (3, 2)
    node.release()
    node.destroy_node()


def test_a_missing_model_fails_to_configure(ros: Any, tmp_path: Path) -> None:
    given = [rclpy.Parameter("model", value=str(tmp_path / "none.hbm"))]
    node = HbmNode(context=ros.context, parameter_overrides=given)
    assert node.trigger_configure() == rclpy.lifecycle.TransitionCallbackReturn.FAILURE
    node.destroy_node()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_program_ends_cleanly_when_it_is_told_to(
    ending: signal.Signals, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + (os.getpid() + 50) % 100))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    command = [sys.executable, "-m", "hbm_runtime.ros", "--ros-args", "-p", f"model:={model}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        seen = ""
        while "running 'net' on the frames of /image" not in seen:
            line = process.stdout.readline()
            assert line, f"it ended by itself: {seen}"
            seen += line
        process.send_signal(ending)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, seen + output
    assert "Traceback" not in output


def test_an_interrupt_at_any_line_ends_the_program_cleanly(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + (os.getpid() + 51) % 100))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    command = [sys.executable, str(Path(__file__).parent / "interrupted.py"), str(model), "20"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    of_the_executor, lines = map(int, ended.stdout.splitlines()[-1].split())
    assert of_the_executor > 20, "too few lines were seen"
    assert lines > 100, "too few lines were seen"
