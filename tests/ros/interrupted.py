"""Runs the node in this process again and again, each time with SIGINT at another line of its Python or of rclpy's.

Called with a model and a number of points; prints the number of lines, and writes what goes wrong to stderr.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from hbm_runtime.ros import main

# From where the program answers signals: what comes before, Python's own handler ends.
FOLDERS = ("rclpy/", "hbm_runtime/ros/node.py")


class SignalAtLine:
    """Counts the lines of the main thread, and sends SIGINT at one of them; 0 for none."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.seen = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not any(folder in frame.f_code.co_filename for folder in FOLDERS):
            return None
        if event == "line":
            self.seen += 1
            if self.seen == self.line:
                os.kill(os.getpid(), signal.SIGINT)
        return self


def lines_of_a_run(model: Path, line: int = 0, after: float | None = None) -> int:
    """Runs the node until SIGINT at a line, or after some seconds; returns how many lines there were."""
    tracer = SignalAtLine(line)

    def stop() -> None:
        tracer.line = 0  # it waits before that line: a second signal would be another case
        os.kill(os.getpid(), signal.SIGINT)

    timer = None if after is None else threading.Timer(after, stop)
    if timer is not None:
        timer.start()
    sys.settrace(tracer)
    try:
        ended = main(["--ros-args", "-p", f"model:={model}"])
    finally:
        sys.settrace(None)
        if timer is not None:
            timer.cancel()
    assert ended == 0, f"interrupted at line {line} it returned {ended}"
    return tracer.seen


if __name__ == "__main__":
    model = Path(sys.argv[1])
    lines_of_a_run(model, after=2)
    started = lines_of_a_run(model, after=2)
    for line in range(1, started + 1, max(1, started // int(sys.argv[2]))):
        lines_of_a_run(model, line, after=8)
    print(started)
