"""The node as a program."""

from __future__ import annotations

from collections.abc import Sequence

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import TransitionCallbackReturn

from .node import HbmNode


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node until it is told to end; configures and activates it unless the parameter autostart is false.

    Returns:
        0, or 1 where the model could not be loaded.
    """
    rclpy.init(args=arguments)
    node = HbmNode()
    try:
        if node.get_parameter("autostart").value:
            for step in (node.trigger_configure, node.trigger_activate):
                if step() != TransitionCallbackReturn.SUCCESS:
                    return 1
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.release()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0
