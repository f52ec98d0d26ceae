"""A ROS 2 node that runs a camera model: ``python -m hbm_runtime.ros --ros-args -p model:=yolo.hbm -r image:=/camera``.

Needs ROS 2's `rclpy` and `sensor_msgs`, which a sourced installation has, and OpenCV. `HbmNode` is a life-cycle node,
to be used in a program of one's own as well.
"""

from __future__ import annotations

from .._errors import MissingPackageError

try:
    import rclpy  # noqa: F401
    import sensor_msgs.msg  # noqa: F401
except ImportError as error:
    raise MissingPackageError(
        f"hbm_runtime.ros needs ROS 2 for Python ({error}): source its setup.bash, such as /opt/ros/humble/setup.bash"
    ) from error

from .node import HbmNode
from .program import main

__all__ = ["HbmNode", "main"]
