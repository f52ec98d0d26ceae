"""Runs models again and again and notes when each run began and ended: the loop behind `benchmark()` and ``perf``."""

from __future__ import annotations

import math
import operator
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .._signals import signals_blocked

if TYPE_CHECKING:
    from .._running.request import InferRequest

_LOOK_SECONDS = 0.05
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """How long a measurement goes on; the arguments of `HB_HBMRuntime.benchmark` of the same names, and threads.

    Attributes:
        threads: Threads that run the inputs, each with `in_flight` runs at a time. `repeat` counts the runs of all.
    """

    repeat: int
    duration: float | None = None
    warmup: int = 0
    warmup_time: float = 0.0
    stop_threshold: float | None = None
    check_period: int = 20
    in_flight: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        for name, minimum in (("repeat", 1), ("warmup", 0), ("check_period", 2), ("in_flight", 1)):
            if operator.index(getattr(self, name)) < minimum:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least {minimum}")
        for name in ("duration", "warmup_time", "stop_threshold"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise InputError(f"{name} is {value}; it must be at least 0 seconds")

    def done(self, runs: Sequence[Run]) -> float:
        """Returns which part of the measurement these runs are, from 0 to 1."""
        if self.duration is None:
            return len(runs) / self.repeat
        if not runs:
            return 0.0
        return min(1.0, (time.perf_counter_ns() - runs[0].begin) / 1e9 / self.duration) if self.duration else 1.0

    def end(self, runs: Sequence[Run]) -> str:
        """Returns what ends the measurement after these runs, "" while it goes on."""
        if self.duration is None and len(runs) >= self.repeat:
            return "repeat"
        if self.duration is not None and runs[-1].end - runs[0].begin >= self.duration * 1e9:
            return "duration"
        if self.stop_threshold is not None and len(runs) % self.check_period == 0:
            return "stable" if _standard_error(runs) <= self.stop_threshold else ""
        return ""


@dataclass(frozen=True)
class Run:
    """One run: on which thread, of which set of inputs, when it began and ended in nanoseconds of one clock."""

    thread: int
    inputs: int
    begin: int
    end: int

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.begin) / 1e9


@dataclass(frozen=True)
class Calls:
    """How one set of inputs is run.

    Attributes:
        run: Runs it and waits for the outputs; called by all threads of the plan.
        start: Starts it and returns the request; needed for several runs in flight.
    """

    run: Callable[[Any], object]
    start: Callable[[Any], InferRequest] | None = None


class Measurement:
    """One series of runs of some sets of inputs, which are used in turn.

    Args:
        calls: How a set is run.
        sets: The inputs.
        plan: How long to measure.
    """

    def __init__(self, calls: Calls, sets: Sequence[Any], plan: Plan) -> None:
        if not sets:
            raise InputError("there is nothing to run: the list of inputs is empty")
        self._calls = calls
        self._sets = sets
        self._plan = plan
        self._numbers = count()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self.runs: list[Run] = []
        """In the order in which they ended."""
        self.stopped = ""
        """What ended it: "repeat", "duration", "stable", "interrupted" or "error"; "" while it goes on."""

    def warm_up(self) -> int:
        """Runs what is not measured; returns the number of runs."""
        until = time.perf_counter() + self._plan.warmup_time
        done = 0
        while done < self._plan.warmup or time.perf_counter() < until:
            self._calls.run(self._sets[done % len(self._sets)])
            done += 1
        return done

    def run(self) -> None:
        """Measures on the caller's thread."""
        for run in self._part(0):
            self._note(run)

    def run_on_threads(self, watch: Callable[[Measurement, float], None]) -> None:
        """Measures on threads of its own; Ctrl-C ends it and keeps what there is.

        Args:
            watch: Called now and then on this thread with the part that is done, and once after the last run.

        Raises:
            Exception: What the first failing run raised.
        """
        threads = [
            threading.Thread(target=self._work, args=(index,), name=f"measure-{index}", daemon=True)
            for index in range(self._plan.threads)
        ]
        with signals_blocked():
            for thread in threads:
                thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(_LOOK_SECONDS / len(threads))
                watch(self, self._plan.done(self.runs))
        except KeyboardInterrupt:
            with self._lock:
                self.stopped = "interrupted"
            for thread in threads:
                thread.join(_END_SECONDS / len(threads))
        if self._error is not None:
            raise self._error
        watch(self, self._plan.done(self.runs))

    def _work(self, thread: int) -> None:
        try:
            for run in self._part(thread):
                self._note(run)
        except BaseException as error:  # raised again by run_on_threads()
            with self._lock:
                self._error = self._error or error
                self.stopped = "error"

    def _note(self, run: Run) -> None:
        with self._lock:
            self.runs.append(run)
            self.stopped = self.stopped or self._plan.end(self.runs)

    def _next(self) -> int | None:
        """Returns the index of the next set of inputs, None if no further run is to be started."""
        if self.stopped:
            return None
        number = next(self._numbers)
        return number % len(self._sets) if self._plan.duration is not None or number < self._plan.repeat else None

    def _part(self, thread: int) -> Iterator[Run]:
        return self._one_by_one(thread) if self._plan.in_flight == 1 else self._overlapping(thread)

    def _one_by_one(self, thread: int) -> Iterator[Run]:
        clock = time.perf_counter_ns
        while (index := self._next()) is not None:
            begin = clock()
            self._calls.run(self._sets[index])
            yield Run(thread, index, begin, clock())

    def _overlapping(self, thread: int) -> Iterator[Run]:
        """The same with several runs under way, each measured from its acceptance to its outputs."""
        running: deque[tuple[int, InferRequest]] = deque()
        start = self._calls.start
        assert start is not None
        while True:
            while len(running) < self._plan.in_flight and (next_index := self._next()) is not None:
                running.append((next_index, start(self._sets[next_index])))
            if not running:
                return
            index, request = running.popleft()
            request.result()
            infos = request.info.values() if isinstance(request.info, dict) else [request.info]
            yield Run(thread, index, min(info.enqueue_ns for info in infos), max(info.done_ns for info in infos))


def run_seconds(runs: Sequence[Run]) -> float:
    """Returns the wall time of some runs, from the first beginning to the last end."""
    return (max(run.end for run in runs) - min(run.begin for run in runs)) / 1e9


def runs_per_second(runs: Sequence[Run]) -> float:
    """Returns the number of runs over their wall time; one thread or many."""
    return len(runs) / max(run_seconds(runs), 1e-9)


def _standard_error(runs: Sequence[Run]) -> float:
    mean = math.fsum(run.seconds for run in runs) / len(runs)
    variance = math.fsum((run.seconds - mean) ** 2 for run in runs) / (len(runs) - 1)
    return math.sqrt(variance / len(runs))
