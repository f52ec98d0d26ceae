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
from rclpy.signals import SignalHandlerOptions, install_signal_handlers

from .node import HbmNode


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node until SIGINT or SIGTERM; configures and activates it unless the parameter autostart is false.

    Called on the main thread, which is the one that can answer signals.

    Returns:
        0, or 1 where the model could not be loaded.

    Raises:
        KeyboardInterrupt: A second signal came before the first had ended the node.
    """
    whole = threading.Lock()
    with _signals_end_the_context(whole) as signals:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)  # _run() installs them
        try:
            return 0 if signals else _run(whole)
        except Exception as error:
            # What is made on a context that has been shut down raises one of several of rclpy's errors.
            if isinstance(error, ExternalShutdownException) or not rclpy.ok():
                return 0
            raise
        finally:
            rclpy.try_shutdown()


def _run(whole: threading.Lock) -> int:
    node = HbmNode()
    try:
        if node.get_parameter("autostart").value:
            for step in (node.trigger_configure, node.trigger_activate):
                if step() != TransitionCallbackReturn.SUCCESS:
                    return 1 if rclpy.ok() else 0
        with whole:
            if not rclpy.ok():
                return 0
            executor = SingleThreadedExecutor()
        install_signal_handlers()  # only they wake an executor that waits; they call ours, too
        rclpy.spin(node, executor)
        return 0
    finally:
        node.release()
        node.destroy_node()


@contextmanager
def _signals_end_the_context(whole: threading.Lock) -> Iterator[list[int]]:
    """Shuts the context down at the first SIGINT or SIGTERM; yields the signals that came.

    While the node is made, neither Python's handler nor rclpy's would do. Python's raises KeyboardInterrupt in any line
    of rclpy; rclpy's ends the context at any moment. An executor that is half made then writes a traceback when it is
    collected.

    Args:
        whole: Held while an object is made that must be made whole.
    """
    came: list[int] = []

    def end() -> None:
        with whole:
            rclpy.try_shutdown()

    def remember(number: int, _: Any) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)
        threading.Thread(target=end, daemon=True).start()  # the main thread may hold what the shutdown waits for

    former = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
