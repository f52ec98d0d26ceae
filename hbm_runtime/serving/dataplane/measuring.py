"""Profiles and benchmarks that a request asks for, as text for its answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from hbm_runtime import Benchmark, Durations, HbmClosedError, RequestInfo, _core, driver_info
from hbm_runtime._observing.thread_names import THREAD_NAMES

from ..models.served_model import ServedModel

_ROLES = ("prepared_by", "submitted_by", "device_thread", "collected_by")
_OTHERS = 1000
"""Requests of other clients that a recording has room for, beside those that it is made for."""


class Recording:
    """The infos of one call's runs, and afterwards their records as text."""

    def __init__(self) -> None:
        self.infos: list[RequestInfo] = []
        self.text = ""


@contextmanager
def recorded(model: ServedModel, runs: int) -> Iterator[Recording]:
    """Records a profile inside the block, of which only the runs whose infos were noted are kept.

    A runtime records one profile at a time, so calls with profiles run one after the other.
    """
    recording = Recording()
    recorder = _core.Recorder(runs + _OTHERS)
    with model.profile_lock:
        model.runtime._set_recorder(recorder)
        try:
            yield recording
        finally:
            with suppress(HbmClosedError):
                model.runtime._clear_recorder()
    recording.text = _records_text(recorder.records(), recording.infos)


@cache
def _device() -> str:
    """What the driver of this process runs models on."""
    return "bpusim" if driver_info()["kind"] == "bpusim" else "bpu"


def _records_text(records: Sequence[Mapping[str, Any]], infos: Sequence[RequestInfo]) -> str:
    """Returns the records of those runs, what the device is called, and the names of the threads, as JSON."""
    began = {info.enqueue_ns for info in infos}
    own = [record for record in records if record["enqueue_ns"] in began]
    return json.dumps({"records": own, "device": _device(), "threads": _thread_names(own)})


def _thread_names(records: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Names of the threads of this process that records mention, by kernel id."""
    mentioned = {record[role] for record in records for role in _ROLES}
    mentioned |= {wait[0] for record in records for wait in record["waits"]}
    names = {thread: THREAD_NAMES.of(thread) for thread in mentioned - {0}}
    return {thread: name for thread, name in names.items() if name is not None}


def benchmark_text(infos: Sequence[RequestInfo], began_ns: int, ended_ns: int) -> str:
    """Returns the durations of a call's runs as `Benchmark.to_json` words them."""
    durations = Durations.of([(info.done_ns - info.enqueue_ns) / 1e9 for info in infos])
    seconds = (ended_ns - began_ns) / 1e9
    throughput = len(infos) / seconds if seconds else math.inf
    return Benchmark(durations, (durations,), len(infos), 0, 1, seconds, throughput, "repeat").to_json()
