"""Where the time of requests goes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core

if TYPE_CHECKING:
    from ._runtime import HB_HBMRuntime

#: Phases of a request: name of the event, and the record's fields where it begins and ends.
_PHASES = (
    ("ModelExecute", "enqueue_ns", "done_ns"),
    ("CopyIn", "enqueue_ns", "copied_ns"),
    ("Queue", "copied_ns", "submit_ns"),
    ("DeviceExecute", "submit_ns", "ended_ns"),
    ("CopyOut", "ended_ns", "done_ns"),
)


@dataclass(frozen=True)
class ProfileEvent:
    """The beginning or the end of a phase.

    Attributes:
        kind: ModelExecute, CopyIn, Queue, DeviceExecute, CopyOut or LayerExecute, with Begin or End behind.
        time_ns: Nanoseconds of `time.monotonic_ns`; of LayerExecute since the model was loaded.
        model: Name of the model.
        request: Number of the request in this profile; -1 for LayerExecute.
        thread: Kernel id of the thread that prepared the request.
        name: Of the operation, for LayerExecute.
    """

    kind: str
    time_ns: int
    model: str
    request: int
    thread: int
    name: str = ""


@dataclass(frozen=True)
class Durations:
    """Statistics of durations in seconds."""

    count: int
    total: float
    min: float
    mean: float
    p50: float
    p90: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Durations:
        """Summarises durations; all zero when there are none."""
        if not seconds:
            return cls(0, 0, 0, 0, 0, 0, 0, 0)
        values = np.asarray(seconds)
        p50, p90, p99 = (float(value) for value in np.percentile(values, [50, 90, 99]))
        return cls(
            len(seconds), float(values.sum()), float(values.min()), float(values.mean()), p50, p90, p99,
            float(values.max()),
        )  # fmt: skip


class Profile:
    """Records of the requests that started inside a ``with runtime.profile()`` block.

    Attributes:
        lost: Requests that were not recorded because the buffer was full.
    """

    def __init__(self, runtime: HB_HBMRuntime, capacity: int, operators: bool) -> None:
        self._runtime = runtime
        self._recorder = _core.Recorder(capacity)
        self._operators = operators
        self._operator_times: dict[str, list[tuple[str, str, int, int]]] = {}

    def __enter__(self) -> Profile:
        if self._operators:
            for model in self._runtime.model_names:
                self._runtime._take_operation_times(model)
        self._runtime._set_recorder(self._recorder)
        return self

    def __exit__(self, *_: object) -> None:
        self._runtime._clear_recorder()
        if self._operators:
            self._operator_times = {
                model: self._runtime._take_operation_times(model) for model in self._runtime.model_names
            }

    @property
    def lost(self) -> int:
        """Requests that were not recorded because the buffer was full."""
        return self._recorder.lost

    @property
    def records(self) -> list[dict[str, Any]]:
        """One dict for each request that has ended: model, state, thread and the times in nanoseconds."""
        return [dict(record) for record in self._recorder.records()]

    @property
    def events(self) -> list[ProfileEvent]:
        """Begin and end of each phase of each request that was done, and of operations where they were asked for."""
        events = []
        for number, record in enumerate(self.records):
            for kind, begin, end in _PHASES:
                if record["state"] == "done":
                    for suffix, at in (("Begin", begin), ("End", end)):
                        model, thread = record["model"], record["thread"]
                        events.append(ProfileEvent(kind + suffix, record[at], model, number, thread))
        for model, times in self._operator_times.items():
            for name, _, begin_ns, duration_ns in times:
                events.append(ProfileEvent("LayerExecuteBegin", begin_ns, model, -1, 0, name))
                events.append(ProfileEvent("LayerExecuteEnd", begin_ns + duration_ns, model, -1, 0, name))
        return events

    @property
    def durations(self) -> dict[str, dict[str, Durations]]:
        """Statistics by model and phase; ModelExecute is the whole request."""
        seconds: dict[str, dict[str, list[float]]] = {}
        for record in self.records:
            if record["state"] == "done":
                phases = seconds.setdefault(record["model"], {kind: [] for kind, _, _ in _PHASES})
                for kind, begin, end in _PHASES:
                    phases[kind].append((record[end] - record[begin]) / 1e9)
        return {
            model: {kind: Durations.of(values) for kind, values in phases.items()} for model, phases in seconds.items()
        }

    @property
    def operation_durations(self) -> dict[str, dict[str, Durations]]:
        """Statistics by model and operation, where ``operators=True`` was asked for."""
        result: dict[str, dict[str, Durations]] = {}
        for model, times in self._operator_times.items():
            seconds: dict[str, list[float]] = {}
            for name, _, _, duration_ns in times:
                seconds.setdefault(name, []).append(duration_ns / 1e9)
            result[model] = {name: Durations.of(values) for name, values in seconds.items()}
        return result

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a trace that Perfetto and chrome://tracing open."""
        events = []
        for number, record in enumerate(self.records):
            if record["state"] != "done":
                continue
            for kind, begin, end in _PHASES:
                events.append(
                    {
                        "name": f"{record['model']} {kind}" if kind == "ModelExecute" else kind,
                        "cat": record["model"],
                        "ph": "X",
                        "ts": record[begin] / 1e3,
                        "dur": (record[end] - record[begin]) / 1e3,
                        "pid": os.getpid(),
                        "tid": record["thread"],
                        "args": {"request": number, "priority": record["priority"], "custom_id": record["custom_id"]},
                    }
                )
        Path(path).write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}), encoding="utf-8")


@dataclass(frozen=True)
class Benchmark:
    """What `HB_HBMRuntime.benchmark` measured.

    Attributes:
        latency: Of single runs, in seconds.
        runs: Number of runs measured.
        warmup: Number of runs before.
        seconds: Wall time of the measured runs.
        throughput: Runs per second.
    """

    latency: Durations
    runs: int
    warmup: int
    seconds: float
    throughput: float

    def to_json(self) -> str:
        """The figures as JSON text."""
        return json.dumps(asdict(self))


def benchmark(
    runtime: HB_HBMRuntime, inputs: Any, *, repeat: int, warmup: int, duration: float | None, keywords: dict[str, Any]
) -> Benchmark:
    """Runs sets of inputs in turn and measures; see `HB_HBMRuntime.benchmark`."""
    sets = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    for i in range(warmup):
        runtime.run(sets[i % len(sets)], **keywords)
    seconds: list[float] = []
    begin = time.perf_counter()
    while len(seconds) < repeat if duration is None else time.perf_counter() - begin < duration or not seconds:
        start = time.perf_counter()
        runtime.run(sets[len(seconds) % len(sets)], **keywords)
        seconds.append(time.perf_counter() - start)
    wall = time.perf_counter() - begin
    return Benchmark(Durations.of(seconds), len(seconds), warmup, wall, len(seconds) / wall)
