"""Measures whether a call lets other Python threads run."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable


def ticks_during(call: Callable[[], object]) -> int:
    """How often another thread got the GIL during the call.

    No thread is forced to give the GIL up meanwhile: the other one runs only where the call releases it.
    """
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0.0002)

    thread = threading.Thread(target=tick)
    interval = sys.getswitchinterval()
    thread.start()
    sys.setswitchinterval(100)
    try:
        before = ticks
        call()
        return ticks - before
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join()
