"""Calls that a limit ends while memory runs out: for the walk of tests/exhaustion."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from exhaustion.scenarios import Call, Scenario
from races.scenarios import LIMITED, Limit

from hbm_runtime import HbmCancelledError, HbmDeadlineError, HbmStateError, HbmTimeoutError, testing

_SECONDS = 0.0005
_EXPECTED = (HbmTimeoutError, HbmDeadlineError, HbmCancelledError)
EXHAUSTED: dict[str, Scenario] = {}


def _wait_for_tasks() -> None:
    """A binding is not free before the device has done what was given up."""
    end = time.monotonic() + 1
    while testing.live().tasks and time.monotonic() < end:
        time.sleep(0.0005)


def _when_free(call: Callable[[], Any]) -> Any:
    """Calls; the memory of a binding is free a moment after the task of the call before has ended."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        with contextlib.suppress(HbmStateError):
            return call()
        time.sleep(0.0005)
    return call()


def _of(name: str, limit: Limit, *, held: bool) -> Scenario:
    @contextlib.contextmanager
    def prepare(one: Path, two: Path) -> Iterator[Call]:
        with LIMITED[name][0](one, two) as limited:

            def call() -> Any:
                _wait_for_tasks()  # one that a failed call gave up would be held, too, and its memory with it
                holding = testing.faults("task:hang") if held else contextlib.nullcontext()
                try:
                    with holding, contextlib.suppress(*_EXPECTED):
                        _when_free(lambda: limited(limit))
                finally:
                    _wait_for_tasks()
                return _when_free(lambda: limited(Limit()))

            yield call

    return prepare


for _name, _kind in (
    ("run", "timeout"),
    ("run_two_models", "timeout"),
    ("run_async", "timeout"),
    ("run_async", "abandon"),
    ("run_async_two_models", "abandon"),
    ("run_async_into_outputs", "timeout"),
    ("callbacks", "abandon"),
    ("bound_run", "timeout"),
    ("bound_run_async", "timeout"),
):
    EXHAUSTED[f"{_name}, {_kind} while held"] = _of(_name, Limit(_kind, _SECONDS), held=True)
for _name in ("run", "run_async", "queue", "bound_run"):
    EXHAUSTED[f"{_name}, deadline has passed"] = _of(_name, Limit("deadline", -1.0), held=False)
