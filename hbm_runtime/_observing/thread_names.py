"""What the threads of this process are called."""

from __future__ import annotations

import os
import threading

_TASKS = "/proc/self/task"
_MAX_KNOWN = 1000


class ThreadNames:
    """Names by kernel id, each read once: a profile that is taken of every request asks for them every time.

    Safe to use from any thread.
    """

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def all(self) -> dict[int, str]:
        """Names of the threads that there are now: Python's where a thread has one."""
        known, names = self._known, {}
        for entry in os.listdir(_TASKS):
            thread = int(entry)
            name = known.get(thread) or _kernels_name(thread)
            if name is not None:
                names[thread] = name
        self._known = dict(names)
        for own in threading.enumerate():
            if own.native_id is not None:
                names[own.native_id] = own.name
        return names

    def of(self, thread: int) -> str | None:
        """The kernel's name of one thread; None for one that has ended unseen."""
        known = self._known
        if thread in known:
            return known[thread]
        name = _kernels_name(thread)
        if name is not None:
            self._known = {**known, thread: name} if len(known) < _MAX_KNOWN else {thread: name}
        return name


def _kernels_name(thread: int) -> str | None:
    try:
        descriptor = os.open(f"{_TASKS}/{thread}/comm", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, 64).decode(errors="replace").strip()
        finally:
            os.close(descriptor)
    except OSError:  # it has ended meanwhile
        return None


THREAD_NAMES = ThreadNames()
