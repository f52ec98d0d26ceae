"""Profiles and benchmarks that a request asks for, as text for its answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from hbm_runtime import Benchmark, Durations, Profile, RequestInfo

from .served_model import ServedModel

_OTHERS = 1000
"""Requests of other clients that a recording has room for, beside those that it is made for."""


class Recording:
    """The infos of one call's runs, and afterwards the text of their events."""

    def __init__(self) -> None:
        self.infos: list[RequestInfo] = []
        self.events = ""


@contextmanager
def recorded(model: ServedModel, runs: int) -> Iterator[Recording]:
    """Records a profile inside the block, of which only the runs whose infos were noted are kept.

    A runtime records one profile at a time, so calls with profiles run one after the other.
    """
    recording = Recording()
    with model.profile_lock:
        with model.runtime.profile(capacity=runs + _OTHERS) as profile:
            yield recording
        recording.events = _events_text(profile, recording.infos)


def _events_text(profile: Profile, infos: Sequence[RequestInfo]) -> str:
    """Returns the events of those requests as JSON, numbered from 0."""
    began = {info.enqueue_ns: number for number, info in enumerate(infos)}
    events = profile.events
    numbers = {
        event.request: began[event.time_ns]
        for event in events
        if event.kind == "ModelExecuteBegin" and event.time_ns in began
    }
    own = [{**asdict(event), "request": numbers[event.request]} for event in events if event.request in numbers]
    return json.dumps(own)


def benchmark_text(infos: Sequence[RequestInfo], began_ns: int, ended_ns: int) -> str:
    """Returns the durations of a call's runs as `Benchmark.to_json` words them."""
    durations = Durations.of([(info.done_ns - info.enqueue_ns) / 1e9 for info in infos])
    seconds = (ended_ns - began_ns) / 1e9
    throughput = len(infos) / seconds if seconds else math.inf
    return Benchmark(durations, (durations,), len(infos), 0, 1, seconds, throughput, "repeat").to_json()
