"""Spans as a trace in the JSON format that Perfetto and chrome://tracing read.

What a thread does (copies, launches, waits, the device's work, operations) is a slice on that thread's track. A request
crosses threads, and many are under way at a time: each has an asynchronous track of its own, and an arrow from slice
to slice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from .._files import written_file
from .spans import LAYER, Span

#: Slices of threads that an arrow leads through, in this order.
_ARROW = ("CopyIn", "Launch", "DeviceExecute", "CopyOut")
#: What a request's own track shows below the whole.
_STAGES = ("Queue", "DeviceExecute")


def write_trace(
    path: str | os.PathLike[str], spans: Iterable[Span], threads: Mapping[int, str], inputs: Iterable[str]
) -> None:
    """Writes a trace file.

    Args:
        path: Where to.
        spans: What the trace shows.
        threads: Names of threads by their kernel ids.
        inputs: Files that the trace must not replace.
    """
    process = os.getpid()
    events: list[dict[str, Any]] = [_name("process_name", process, process, "hbm_runtime")]
    events += [_name("thread_name", process, thread, name) for thread, name in sorted(threads.items())]
    by_request: dict[int, list[Span]] = {}
    for span in spans:
        if span.thread:
            events.append(_slice(span, process))
        if span.request >= 0:
            by_request.setdefault(span.request, []).append(span)
    for number, own in by_request.items():
        events += _track(number, own, process)
        events += _arrow(number, own, process)
    document = {"traceEvents": events, "displayTimeUnit": "ns"}
    with written_file(path, inputs=inputs) as file:
        import json  # noqa: PLC0415 (importing us must stay cheap)

        file.write(json.dumps(document, separators=(",", ":")).encode())


def _name(kind: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}


def _microseconds(nanoseconds: int) -> float:
    return nanoseconds / 1e3


def _slice(span: Span, process: int) -> dict[str, Any]:
    arguments: dict[str, Any] = {"request": span.request, "model": span.model}
    title = span.kind
    if span.kind == LAYER:
        title = span.operation or LAYER
    elif span.tensor:
        title = f"{span.kind} {span.tensor}"
        arguments |= {"source": span.source, "destination": span.destination, "nbytes": span.nbytes}
    elif span.kind == "DeviceExecute":
        title = span.model
    return {
        "name": title,
        "cat": span.kind,
        "ph": "X",
        "ts": _microseconds(span.begin_ns),
        "dur": _microseconds(span.end_ns - span.begin_ns),
        "pid": process,
        "tid": span.thread,
        "args": arguments,
    }


def _track(number: int, spans: Iterable[Span], process: int) -> list[dict[str, Any]]:
    events = []
    for span in spans:
        if span.kind != "ModelExecute" and span.kind not in _STAGES:
            continue
        title = f"{span.model} #{number}" if span.kind == "ModelExecute" else span.kind
        for phase, time in (("b", span.begin_ns), ("e", span.end_ns)):
            events.append({
                "name": title,
                "cat": "request",
                "id": str(number),
                "ph": phase,
                "ts": _microseconds(time),
                "pid": process,
                "tid": span.thread or process,
            })  # fmt: skip
    return events


def _arrow(number: int, spans: list[Span], process: int) -> list[dict[str, Any]]:
    """Binds to the slices' beginnings: an event lies in the slice that is open on its thread at its time."""
    stops = []
    for phase in _ARROW:
        stop = next((span for span in spans if span.phase == phase and span.thread), None)
        if stop is not None:
            stops.append(stop)
    if len(stops) < 2:
        return []
    kinds = ["s", *["t"] * (len(stops) - 2), "f"]
    return [
        {
            "name": "request",
            "cat": "request",
            "id": number,
            "ph": kind,
            **({"bp": "e"} if kind == "f" else {}),
            "ts": _microseconds(stop.begin_ns),
            "pid": process,
            "tid": stop.thread,
        }
        for kind, stop in zip(kinds, stops, strict=True)
    ]
