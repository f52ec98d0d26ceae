"""The node as a program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn

from .node import HbmNode


class _Executor(SingleThreadedExecutor):  # type: ignore[misc, unused-ignore]
    """One that can be collected half made, where its context ends meanwhile: rclpy's looks for this then."""

    _sigint_gc: Any = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node until SIGINT or SIGTERM; configures and activates it unless the parameter autostart is false.

    Returns:
        0, or 1 where the model could not be loaded.

    Raises:
        KeyboardInterrupt: A second SIGINT came before the first had ended the node.
    """
    with _interrupts_end_the_context() as interrupts:
        rclpy.init(args=arguments)
        try:
            return 0 if interrupts else _run()
        except Exception as error:
            # What is made on a context that has been shut down raises one of several of rclpy's errors.
            if isinstance(error, ExternalShutdownException) or not rclpy.ok():
                return 0
            raise
        finally:
            rclpy.try_shutdown()


def _run() -> int:
    node = HbmNode()
    try:
        if node.get_parameter("autostart").value:
            for step in (node.trigger_configure, node.trigger_activate):
                if step() != TransitionCallbackReturn.SUCCESS:
                    return 1 if rclpy.ok() else 0
        rclpy.spin(node, _Executor())
        return 0
    finally:
        node.release()
        node.destroy_node()


@contextmanager
def _interrupts_end_the_context() -> Iterator[list[int]]:
    """Leaves the first SIGINT to rclpy's own handler, which shuts the context down; yields the signals that came.

    Python's handler would raise KeyboardInterrupt in any line of rclpy, whose objects do not survive that: an executor
    that was interrupted while it was made writes a traceback when it is collected.
    """
    interrupts: list[int] = []

    def remember(number: int, _: Any) -> None:
        if interrupts:
            raise KeyboardInterrupt
        interrupts.append(number)
        # rclpy's handler was seen to leave the context as it is; on a thread, because locks may be held here.
        threading.Thread(target=rclpy.try_shutdown, daemon=True).start()

    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    former = signal.signal(signal.SIGINT, remember)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, former)
