"""Interrupts a call after each line of the package's Python in turn. Runs in a process of its own.

``python walk.py SCENARIO FIRST MODEL MODEL PROGRESS`` raises KeyboardInterrupt, as Ctrl-C does, when the main thread
has begun the FIRST line of a call, then the line after that, and so on. The file PROGRESS says which line is tried.
Prints a line of JSON for each interruption after which something was not as it should be, and at last how many were
tried.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import linecache
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from exhaustion.scenarios import SCENARIOS
from interrupts.scenarios import INTERRUPTED

import hbm_runtime
from hbm_runtime import HbmError, _core

PACKAGE = str(Path(hbm_runtime.__file__).parent)
BEYOND_CARE = {"__del__"}  # what it raises, or what it calls, Python prints and forgets
ALL = {**SCENARIOS, **INTERRUPTED}


def beyond_care(frame: FrameType | None) -> bool:
    """Returns True if a frame is part of what cannot raise. It may come in the middle of tracing another frame; an
    exception there makes Python free its trace function while it is in use."""
    while frame is not None:
        if frame.f_code.co_name in BEYOND_CARE:
            return True
        frame = frame.f_back
    return False


class Interruption:
    """Raises KeyboardInterrupt at the n-th line that the package executes on this thread."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.place = ""

    def __enter__(self) -> Interruption:
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        own = frame.f_code.co_filename.startswith(PACKAGE) and not beyond_care(frame)
        return self._line if own else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event != "line" or self.left <= 0:
            return self._line
        # The line of a `with` statement comes again when its block is left, and Python runs no signal handler before it
        # has called __exit__(): an exception there is one that Ctrl-C cannot cause. `try:` does nothing and calls
        # nothing, so that the same is true of it where it is the first line of a function.
        text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if text.startswith("with ") or text == "try:":
            return self._line
        self.left -= 1
        if self.left == 0:
            self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            raise KeyboardInterrupt
        return self._line


def tasks_end(seconds: float = 10.0) -> int:
    """The tasks that the driver still holds after they had time to end."""
    deadline = time.monotonic() + seconds
    while (tasks := int(_core.driver_live()["tasks"])) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.002)
    return tasks


def main() -> None:
    """Walks through the lines of one scenario."""
    name, first, one, two, progress = sys.argv[1:]
    faulthandler.enable()
    tried = 0
    with ALL[name](Path(one), Path(two)) as call:
        expected = call()
        number = int(first)
        while True:
            Path(progress).write_text(str(number), encoding="utf-8")
            faulthandler.dump_traceback_later(30, exit=True)
            said = ""
            with Interruption(number) as interruption:
                try:
                    call()
                except KeyboardInterrupt:
                    pass
                except HbmError as error:
                    said = f"raises {type(error).__name__}: {error}"
            if interruption.left > 0:
                break
            tried += 1
            try:
                after = call()
                said = said or ("" if after == expected else f"the next call gives {after}, not {expected}")
            except Exception as error:
                said = said or f"the next call raises {type(error).__name__}: {error}"
            if not said and (tasks := tasks_end()):
                said = f"{tasks} tasks were left"
            if said:
                print(json.dumps({"number": number, "at": interruption.place, "said": said}), flush=True)
            number += 1
        del call
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps({"tried": tried}), flush=True)


if __name__ == "__main__":
    main()
