"""The node: images in, the newest first; tensors or detections out."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from .. import HB_HBMRuntime, HbmError, InferQueue, QueueResult
from ..vision import Detector, PictureInput
from .frames import inputs_of
from .results import detection_message, tensor_message, vision_messages

# Reliable, as most subscribers ask for; those that ask for less get the results, too.
_RESULTS = QoSProfile(depth=10)
_PARAMETERS: dict[str, tuple[Any, str]] = {
    "model": ("", "path of the model file"),
    "model_name": ("", "which model of the file; empty for the only one"),
    "image_topic": ("image", "topic of the frames"),
    "compressed": (False, "frames are sensor_msgs/CompressedImage"),
    "policy": ("latest", "of the queue: latest, block, drop_oldest or reject"),
    "cores": ([-1], "numbers of the BPU cores; -1 for any"),
    "priority": (0, "0 to 255, bigger first"),
    "size": ([0, 0], "width and height for a model of dynamic size"),
    "range": ("full", "of NV12: full or video"),
    "detect": (False, "decode a YOLO model's outputs and publish detections"),
    "confidence": (0.25, "least score of a detection"),
    "autostart": (True, "configure and activate at once"),
}


class HbmNode(LifecycleNode):  # type: ignore[misc, unused-ignore]
    """Runs a model on the frames of a topic.

    Configured, it has loaded its model; active, it takes frames and publishes ``~/outputs/NAME`` for each output as
    sensor_msgs/Image (32FC1 and so on, as wide as the last dimension), or with ``detect`` ``~/detections`` where
    vision_msgs is installed. Every result has the header of its frame. While the model is busy only the newest frame
    waits.

    Attributes:
        counts: How many frames were ``received``, ``published``, ``dropped`` for newer ones, ``failed`` in the run, and
            ``refused`` because they are no pictures for the model.
    """

    def __init__(self, name: str = "hbm_runtime", **options: Any) -> None:
        """Makes the node; no model is loaded.

        Args:
            name: The node's name.
            options: Keyword arguments of `rclpy.lifecycle.LifecycleNode`.
        """
        super().__init__(name, **options)
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._runtime: HB_HBMRuntime | None = None
        self._queue: InferQueue | None = None
        self._subscription: Any = None
        self._detector: Detector | None = None
        self._publishing: dict[str, Any] = {}
        self._messages = vision_messages()
        for parameter, (default, text) in _PARAMETERS.items():
            self.declare_parameter(parameter, default, ParameterDescriptor(description=text))

    def on_configure(self, state: Any) -> TransitionCallbackReturn:
        """Loads the model."""
        try:
            self._load()
        except (HbmError, OSError, TypeError, ValueError) as error:
            self.get_logger().error(str(error))
            self.release()
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        """Begins to take frames."""
        assert self._runtime is not None
        policy = self._value("policy")
        self._queue = self._runtime.queue(
            self._model.name, policy=policy, on_result=self._publish, on_drop=self._count_drop
        )
        kind = CompressedImage if self._value("compressed") else Image
        self._subscription = self.create_subscription(
            kind, self._value("image_topic"), self._take, qos_profile_sensor_data
        )
        self.get_logger().info(f"running '{self._model.name}' on the frames of {self._subscription.topic_name}")
        return super().on_activate(state)

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        """Takes no more frames, and waits for what is under way."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: Any) -> TransitionCallbackReturn:
        """Unloads the model."""
        self.release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: Any) -> TransitionCallbackReturn:
        """Ends everything."""
        self.release()
        return super().on_shutdown(state)

    def release(self) -> None:
        """Stops and unloads the model; may be called more than once."""
        self._stop()
        for publisher in self._publishing.values():
            self.destroy_publisher(publisher)
        self._publishing = {}
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def _load(self) -> None:
        if not self._value("model"):
            raise ValueError("the parameter model is not set; it is the path of the model file")
        self._runtime = runtime = HB_HBMRuntime(self._value("model"))
        names = runtime.model_names
        name = self._value("model_name") or names[0]
        if len(names) > 1 and not self._value("model_name"):
            raise ValueError(f"the file has the models {', '.join(names)}; set the parameter model_name")
        self._model = runtime[name]
        width, height = self._value("size")
        size = (width, height) if width and height else None
        runtime.set_scheduling_params(
            priority={name: self._value("priority")}, bpu_cores={name: list(self._value("cores"))}
        )
        self._taken = PictureInput.of(self._model, size)
        self._detector = None
        if self._value("detect") and self._messages is not None:
            self._detector = Detector(
                self._model, size=size, confidence=self._value("confidence"), range=self._value("range")
            )
            kind = self._messages.Detection2DArray
            self._publishing[""] = self.create_publisher(kind, "~/detections", _RESULTS)
            return
        if self._value("detect"):
            self.get_logger().warning("vision_msgs is not installed: tensors are published in place of detections")
        for output in self._model.outputs:
            topic = f"~/outputs/{_topic_name(output)}"
            self._publishing[output] = self.create_publisher(Image, topic, _RESULTS)

    def _stop(self) -> None:
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._queue is not None:
            self._queue.drain()
            self._queue.close()
            self._queue = None

    def _take(self, message: Any) -> None:
        self._count("received")
        queue = self._queue
        if queue is None:
            self._count("dropped")
            return
        try:
            inputs, place = inputs_of(message, self._taken, range=self._value("range"))
            queue.submit(inputs, tag=(message.header, place))
        except HbmError as error:
            self._count("refused")
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _publish(self, result: QueueResult) -> None:
        header, place = result.tag
        if self._detector is not None and self._messages is not None:
            found = self._detector.decode(result.outputs, place)
            self._publishing[""].publish(detection_message(found, header, self._messages))
        else:
            for name, publisher in self._publishing.items():
                publisher.publish(tensor_message(result.outputs[name], header))
        self._count("published")

    def _count_drop(self, _tag: Any, _reason: str, error: HbmError | None) -> None:
        self._count("dropped" if error is None else "failed")
        if error is not None:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value


def _topic_name(name: str) -> str:
    """A name as ROS takes it: letters, digits and underscores, a letter first."""
    clean = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
    return clean if clean[:1].isalpha() else f"t{clean}"
