"""The rules of the trace event format of Perfetto and chrome://tracing, as far as the package uses it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Event = dict[str, Any]

_SLACK = 0.002
"""Microseconds: floats hold a time of days with this precision."""


def check(document: dict[str, Any]) -> None:
    """Fails unless viewers show every event of the trace as it is meant."""
    events = document["traceEvents"]
    assert document["displayTimeUnit"] in {"ms", "ns"}
    for event in events:
        assert isinstance(event["name"], str)
        assert type(event["pid"]) is int
        assert type(event["tid"]) is int
        assert event["ph"] in "MXbestf", event
        if event["ph"] != "M":
            assert event["ts"] >= 0
            assert event["cat"]
    _check_metadata([event for event in events if event["ph"] == "M"])
    slices = [event for event in events if event["ph"] == "X"]
    _check_nesting(slices)
    _check_asynchronous([event for event in events if event["ph"] in "be"])
    _check_flows([event for event in events if event["ph"] in "stf"], slices)
    named = {event["tid"] for event in events if event["ph"] == "M" and event["name"] == "thread_name"}
    assert {event["tid"] for event in slices} <= named


def _check_metadata(events: list[Event]) -> None:
    for event in events:
        assert event["name"] in {"process_name", "thread_name"}
        assert event["args"]["name"]


def _check_nesting(slices: list[Event]) -> None:
    """Slices of one thread lie inside each other or beside each other; viewers drop what overlaps in part."""
    by_thread: dict[int, list[Event]] = defaultdict(list)
    for event in slices:
        assert event["dur"] >= 0
        by_thread[event["tid"]].append(event)
    for own in by_thread.values():
        open_ends: list[float] = []
        for event in sorted(own, key=lambda event: (event["ts"], -event["dur"])):
            while open_ends and open_ends[-1] <= event["ts"] + _SLACK:
                open_ends.pop()
            end = event["ts"] + event["dur"]
            assert not open_ends or end <= open_ends[-1] + _SLACK, f"{event} sticks out of the slice around it"
            open_ends.append(end)


def _check_asynchronous(events: list[Event]) -> None:
    """Every begin has an end of the same id, category and name, and they nest."""
    tracks: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        assert isinstance(event["id"], str)
        tracks[event["cat"], event["id"]].append(event)
    for own in tracks.values():
        counts: dict[str, int] = defaultdict(int)
        for event in own:
            counts[event["name"]] += 1 if event["ph"] == "b" else -1
            assert counts[event["name"]] >= 0
        assert not any(counts.values())
        begin, end = (max if phase == "e" else min for phase in "be")
        whole = own[0]["name"]
        first = begin(event["ts"] for event in own if event["name"] == whole and event["ph"] == "b")
        last = end(event["ts"] for event in own if event["name"] == whole and event["ph"] == "e")
        assert all(first <= event["ts"] <= last for event in own)


def _check_flows(events: list[Event], slices: list[Event]) -> None:
    """A flow begins once, ends once, goes forward, and each of its events lies in a slice of its thread."""
    flows: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        flows[event["id"]].append(event)
    for own in flows.values():
        kinds = "".join(event["ph"] for event in own)
        assert kinds == "s" + "t" * (len(own) - 2) + "f"
        assert own[-1]["bp"] == "e"
        assert [event["ts"] for event in own] == sorted(event["ts"] for event in own)
        for event in own:
            assert any(
                each["tid"] == event["tid"] and each["ts"] <= event["ts"] <= each["ts"] + each["dur"] for each in slices
            ), event
