"""Threads whose exceptions reach the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any


class Job(threading.Thread):
    """Runs a function; ``result()`` gives its value or raises its exception."""

    def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
        super().__init__(daemon=True)
        self._work, self._arguments = work, arguments
        self._value: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._work(*self._arguments)
        except BaseException as error:
            self._error = error
        finally:
            del self._work, self._arguments

    def result(self, timeout: float = 120.0) -> Any:
        """Waits for the end; hands the value or the exception over and forgets it."""
        self.join(timeout)
        assert not self.is_alive(), f"still running after {timeout} s"
        error, value, self._error, self._value = self._error, self._value, None, None
        if error is not None:
            raise error
        return value


def in_parallel(work: Callable[[int], Any], numbers: Iterable[int]) -> list[Any]:
    """``work(i)`` for each number, each on a thread of its own, started together."""
    jobs = list(numbers)
    gate = threading.Barrier(len(jobs))

    def at_the_gate(number: int) -> Any:
        gate.wait(60)
        return work(number)

    return [job.result() for job in [Job(at_the_gate, number) for number in jobs]]
