"""Runs a model over and over on several threads and notes when each frame began and ended."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hbm_runtime._signals import signals_blocked
from hbm_runtime.cli.latency import Frame

_LOOK_SECONDS = 0.05
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        threads: Threads that run frames, each one after the other.
        frames: Frames of all threads together; not used when seconds are given.
        seconds: How long frames are started, or None.
    """

    threads: int
    frames: int
    seconds: float | None


class Measurement:
    """One series of frames.

    Args:
        run_once: Runs a frame; called from several threads at a time.
        plan: How much.
    """

    def __init__(self, run_once: Callable[[], object], plan: Plan) -> None:
        self._run_once = run_once
        self._plan = plan
        self._next = itertools.count()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._deadline = float("inf")
        self.frames: list[Frame] = []
        """In the order in which they ended."""
        self.interrupted = False

    def run(self, watch: Callable[[Measurement, float], None]) -> None:
        """Measures; Ctrl-C ends it and keeps what there is.

        Args:
            watch: Called now and then on this thread with the part that is done.

        Raises:
            Exception: What the first failing frame raised.
        """
        threads = [
            threading.Thread(target=self._work, args=(index,), name=f"perf-{index}", daemon=True)
            for index in range(self._plan.threads)
        ]
        begin = time.monotonic()
        if self._plan.seconds is not None:
            self._deadline = begin + self._plan.seconds
        with signals_blocked():
            for thread in threads:
                thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(_LOOK_SECONDS / len(threads))
                watch(self, self._done(begin))
        except KeyboardInterrupt:
            self.interrupted = True
            self._stop.set()
            for thread in threads:
                thread.join(_END_SECONDS / len(threads))
        if self._error is not None:
            raise self._error

    def _done(self, begin: float) -> float:
        if self._plan.seconds is not None:
            return (time.monotonic() - begin) / self._plan.seconds
        return len(self.frames) / self._plan.frames

    def _work(self, thread: int) -> None:
        clock = time.perf_counter_ns
        try:
            while not self._stop.is_set():
                if self._plan.seconds is None:
                    if next(self._next) >= self._plan.frames:
                        return
                elif time.monotonic() >= self._deadline and self.frames:
                    return
                begin = clock()
                self._run_once()
                self.frames.append(Frame(thread, begin, clock()))
        except BaseException as error:  # raised again by run()
            self._error = self._error or error
            self._stop.set()
