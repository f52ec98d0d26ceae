"""Threads that carry calls to servers."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from hbm_runtime._signals import signals_blocked

_MOST = 128


class Workers:
    """Runs functions on threads of its own, which are started when they are needed. Safe to use from any thread.

    The threads are daemons: a program may end while a server does not answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = 0
        self._spare = 0  # idle threads less waiting functions

    def submit(self, function: Callable[[], None]) -> None:
        """Runs a function that raises nothing."""
        with self._lock:
            self._spare -= 1
            if self._spare < 0 and self._threads < _MOST:
                self._threads += 1
                self._spare += 1
                target, arguments = _serve, (self._work, self._idle)
                with signals_blocked():
                    threading.Thread(target=target, args=arguments, name="hbm-remote", daemon=True).start()
        self._work.put(function)

    def close(self) -> None:
        """Ends the threads when they have done what was submitted."""
        with self._lock:
            count, self._threads = self._threads, 0
        for _ in range(count):
            self._work.put(None)

    def _idle(self) -> None:
        with self._lock:
            self._spare += 1


def _serve(work: queue.SimpleQueue[Callable[[], None] | None], idle: Callable[[], None]) -> None:
    while (function := work.get()) is not None:
        function()
        del function  # it holds a request
        idle()
