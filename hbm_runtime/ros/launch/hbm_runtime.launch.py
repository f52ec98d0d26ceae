"""Launch file of the node: ``ros2 launch hbm_runtime.launch.py model:=yolo.hbm image:=/camera/image_raw``."""

from __future__ import annotations

import sys
from typing import Any

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import LaunchConfiguration

_DEFAULTS = {"image": "/image_raw", "detect": "false", "priority": "0", "compressed": "false"}


def generate_launch_description() -> LaunchDescription:
    """What ROS 2 calls."""
    words: list[Any] = [sys.executable, "-m", "hbm_runtime.ros", "--ros-args"]
    words += ["-p", ["model:=", LaunchConfiguration("model")], "-r", ["image:=", LaunchConfiguration("image")]]
    for name in ("detect", "priority", "compressed"):
        words += ["-p", [f"{name}:=", LaunchConfiguration(name)]]
    arguments = [DeclareLaunchArgument("model", description="path of the model file")]
    arguments += [DeclareLaunchArgument(name, default_value=value) for name, value in _DEFAULTS.items()]
    return LaunchDescription([*arguments, ExecuteProcess(cmd=words, output="screen")])
