"""What the driver holds for this process, as bpusim counts it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass

import pytest

from hbm_runtime import _core
from support.outcome import FAILED


@dataclass(frozen=True)
class Held:
    """Handles and memory that a client has not given back."""

    tasks: int
    packed_models: int
    allocations: int
    allocated_bytes: int

    def covers(self, other: Held) -> bool:
        """Returns True if ``other`` holds no more of anything."""
        return all(theirs <= ours for ours, theirs in zip(astuple(self), astuple(other), strict=True))

    @classmethod
    def now(cls) -> Held:
        """What is held at this moment."""
        counters = _core.driver_live()
        return cls(**{name: counters[name] for name in cls.__dataclass_fields__})


def allocation_calls() -> int:
    """How often device memory was allocated so far."""
    return int(_core.driver_live()["allocation_calls"])


def wait_until_held(expected: Held, seconds: float = 10.0) -> Held:
    """Collects garbage and waits until the driver holds just ``expected``, at most ``seconds``; what it holds then.

    Threads of the runtime may still be on their way out when the last reference is gone.
    """
    return wait_until(lambda held: held == expected, seconds)


def wait_until(good: Callable[[Held], bool], seconds: float = 10.0) -> Held:
    """The same for any condition."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while not good(held := Held.now()) and time.monotonic() < deadline:
        gc.collect()  # every time: a thread may have let go of the last thing that held a cycle
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    return held


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test the driver holds no more than before: no task, no model, no memory.

    A test that failed is left out: the report of its failure holds its objects.
    """
    before = Held.now()
    yield
    if request.node.stash.get(FAILED, False):
        return
    left = wait_until(before.covers)
    assert before.covers(left), f"left behind in the driver: {left}, before the test: {before}"


def let_go() -> None:
    """Ends a hanging fault: tasks that hang go on, and those that have not begun will not hang."""
    _core.set_faults("")
    _core.release_hanging_tasks()
