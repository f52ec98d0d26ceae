"""Runs models again and again and measures."""

from __future__ import annotations

import math
import operator
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count as numbers
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .._files import written_file
from .durations import Durations

if TYPE_CHECKING:
    from .._running.request import InferRequest
    from .profile import Profile


@dataclass(frozen=True)
class Benchmark:
    """What `HB_HBMRuntime.benchmark` measured.

    Attributes:
        latency: Of single runs, in seconds.
        sets: The same for each set of inputs.
        runs: Number of runs measured.
        warmup: Number of runs before.
        in_flight: Runs that were under way at a time.
        seconds: Wall time of the measured runs.
        throughput: Runs per second.
        stopped: What ended it: "repeat", "duration" or "stable".
        profile: Of the measured runs, where ``profile=True`` was asked for; not in the JSON.
    """

    latency: Durations
    sets: tuple[Durations, ...]
    runs: int
    warmup: int
    in_flight: int
    seconds: float
    throughput: float
    stopped: str
    profile: Profile | None = field(default=None, compare=False, repr=False)
    _files: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def to_json(self) -> str:
        """The figures as JSON text."""
        figures = {name: value for name, value in vars(self).items() if name not in ("profile", "_files")}
        figures["latency"] = asdict(self.latency)
        figures["sets"] = [asdict(each) for each in self.sets]
        import json  # noqa: PLC0415 (importing us must stay cheap)

        return json.dumps(figures)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes `to_json` to a file.

        Raises:
            InputError: It is the file of a model of the runtime.
            OSError: It cannot be written; an older file is left as it was.
        """
        with written_file(path, inputs=self._files) as file:
            file.write(f"{self.to_json()}\n".encode())


@dataclass(frozen=True)
class Plan:
    """How long a benchmark goes on; the arguments of `HB_HBMRuntime.benchmark` of the same names."""

    repeat: int
    duration: float | None
    warmup: int
    warmup_time: float
    stop_threshold: float | None
    check_period: int
    in_flight: int

    def __post_init__(self) -> None:
        for name, least in (("repeat", 1), ("warmup", 0), ("check_period", 2), ("in_flight", 1)):
            if operator.index(getattr(self, name)) < least:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        for name in ("duration", "warmup_time", "stop_threshold"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise InputError(f"{name} is {value}; it must be at least 0 seconds")

    def end(self, seconds: list[float], began: float) -> str:
        """What ends the measurement after these runs, "" while it goes on."""
        if self.duration is None and len(seconds) >= self.repeat:
            return "repeat"
        if self.duration is not None and seconds and time.perf_counter() - began >= self.duration:
            return "duration"
        if self.stop_threshold is not None and len(seconds) % self.check_period == 0 and len(seconds) > 1:
            return "stable" if _standard_error(seconds) <= self.stop_threshold else ""
        return ""


@dataclass(frozen=True)
class Calls:
    """How one set of inputs is run.

    Attributes:
        run: Runs it and waits for the outputs.
        start: Starts it and returns the request.
    """

    run: Callable[[Any], object]
    start: Callable[[Any], InferRequest]


def benchmark(calls: Calls, inputs: Any, plan: Plan, profile: Profile | None, files: Sequence[str] = ()) -> Benchmark:
    """Runs sets of inputs in turn and measures; see `HB_HBMRuntime.benchmark`.

    Args:
        calls: How a set is run.
        inputs: One set, or a list of sets.
        plan: How long.
        profile: Records meanwhile.
        files: Of the models, which `Benchmark.save` does not overwrite.
    """
    sets = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not sets:
        raise InputError("there is nothing to run: the list of inputs is empty")
    warmed = _warm_up(calls, sets, plan)
    by_set: list[list[float]] = [[] for _ in sets]
    if profile is not None:
        profile.__enter__()
    try:
        began = time.perf_counter()
        runs = _one_by_one if plan.in_flight == 1 else _overlapping
        seconds: list[float] = []
        stopped: list[str] = []  # what ended it
        for index, duration in runs(calls, sets, plan, lambda: bool(stopped)):
            by_set[index].append(duration)
            seconds.append(duration)
            reason = plan.end(seconds, began)
            if reason:
                stopped.append(reason)
        wall = time.perf_counter() - began
    finally:
        if profile is not None:
            profile.__exit__()
    return Benchmark(
        Durations.of(seconds), tuple(Durations.of(each) for each in by_set), len(seconds), warmed, plan.in_flight,
        wall, len(seconds) / wall, stopped[0], profile, tuple(files),
    )  # fmt: skip


def _standard_error(seconds: list[float]) -> float:
    mean = math.fsum(seconds) / len(seconds)
    variance = math.fsum((each - mean) ** 2 for each in seconds) / (len(seconds) - 1)
    return math.sqrt(variance / len(seconds))


def _warm_up(calls: Calls, sets: list[Any], plan: Plan) -> int:
    until = time.perf_counter() + plan.warmup_time
    for done in numbers():
        if done >= plan.warmup and time.perf_counter() >= until:
            return done
        calls.run(sets[done % len(sets)])
    raise AssertionError


def _one_by_one(calls: Calls, sets: list[Any], plan: Plan, ended: Callable[[], bool]) -> Iterator[tuple[int, float]]:
    """Index of the set and seconds of each run."""
    number = 0
    while not ended() and (plan.duration is not None or number < plan.repeat):
        index = number % len(sets)
        start = time.perf_counter()
        calls.run(sets[index])
        number += 1
        yield index, time.perf_counter() - start


def _overlapping(calls: Calls, sets: list[Any], plan: Plan, ended: Callable[[], bool]) -> Iterator[tuple[int, float]]:
    """The same with several runs under way, each measured from its acceptance to its outputs."""
    running: deque[tuple[int, InferRequest]] = deque()
    started = 0
    while True:
        while len(running) < plan.in_flight and not ended() and (plan.duration is not None or started < plan.repeat):
            index = started % len(sets)
            running.append((index, calls.start(sets[index])))
            started += 1
        if not running:
            return
        index, request = running.popleft()
        request.result()
        infos = request.info if isinstance(request.info, dict) else {"": request.info}
        first = min(info.enqueue_ns for info in infos.values())
        yield index, (max(info.done_ns for info in infos.values()) - first) / 1e9
