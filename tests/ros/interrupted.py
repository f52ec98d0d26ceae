"""Runs the node in this process again and again, each time with SIGINT at another line of its Python or of rclpy's.

Every line is tried where an executor is made, which does not survive it half made, and some of all others. Called with
a model and the number of those; prints the number of lines, and writes what goes wrong to stderr.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from hbm_runtime.ros import main

# From where the program answers signals: what comes before, Python's own handler ends.
FOLDERS = ("rclpy/", "hbm_runtime/ros/node.py")
EXECUTOR = ("rclpy/executors.py", "rclpy/signals.py", "rclpy/guard_condition.py")


def any_line(frame: FrameType) -> bool:
    return any(folder in frame.f_code.co_filename for folder in FOLDERS)


def line_that_makes_an_executor(frame: FrameType) -> bool:
    return frame.f_code.co_name == "__init__" and frame.f_code.co_filename.endswith(EXECUTOR)


class SignalAtLine:
    """Counts the lines of the main thread, and sends SIGINT at one of them; 0 for none."""

    def __init__(self, line: int, counts: Callable[[FrameType], bool]) -> None:
        self.line = line
        self.counts = counts
        self.seen = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not self.counts(frame):
            return None
        if event == "line":
            self.seen += 1
            if self.seen == self.line:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.05)  # whoever ends the context does so before the next line
        return self


def lines_of_a_run(model: Path, counts: Callable[[FrameType], bool], line: int = 0, after: float = 2) -> int:
    """Runs the node until SIGINT at one of the lines that count, or after some seconds; returns how many there were."""
    tracer = SignalAtLine(line, counts)

    def stop() -> None:
        tracer.line = 0  # it waits before that line: a second signal would be another case
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, stop)
    timer.start()
    sys.settrace(tracer)
    try:
        ended = main(["--ros-args", "-p", f"model:={model}"])
    finally:
        sys.settrace(None)
        timer.cancel()
    assert ended == 0, f"interrupted at line {line} it returned {ended}"
    return tracer.seen


if __name__ == "__main__":
    model = Path(sys.argv[1])
    lines_of_a_run(model, any_line)  # the first run imports
    lines = lines_of_a_run(model, any_line)
    walks = [(any_line, range(1, lines + 1, max(1, lines // int(sys.argv[2]))))]
    walks.append((line_that_makes_an_executor, range(1, lines_of_a_run(model, line_that_makes_an_executor) + 1)))
    for counts, points in walks:
        for line in points:
            lines_of_a_run(model, counts, line, after=8)
    print(len(walks[1][1]), lines)
