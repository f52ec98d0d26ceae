"""The items that wait and run in a queue, and the threads that wait for them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from .queue_items import Policy, QueueResult, QueueStats, Reason

if TYPE_CHECKING:
    from .. import _core
    from .._errors import HbmError


@dataclass(eq=False, repr=False)
class Item:
    """What was submitted, and what became of it.

    One is no other, whatever its arrays hold; and a deque that lacks one shows it, which must not ask the user's tag.
    """

    inputs: Any
    tag: Any
    deadline: float | None
    submitted: float = field(default_factory=time.monotonic)
    request: _core.Request | None = None
    error: HbmError | None = None
    gave_way: Item | None = None
    """The item that was dropped for this one."""
    reported: bool = False
    """True once its drop has been counted and reported."""

    @property
    def begun(self) -> bool:
        """Returns True if its run was started, or failed to start."""
        return self.request is not None or self.error is not None


class Line:
    """The state of a queue.

    Ctrl-C ends a function of the main thread between any two lines. So every change there is one assignment of values
    that were made before: what was asked for has happened, or it has not.

    Attributes:
        lock: Held while anything is looked at or changed.
        waiting: The items whose turn has not come.
        running: The item whose turn it is, also while its callbacks are called.
        closed: Nothing more is accepted.
        results: Results that nobody has read yet.
        delivered: How many items gave a result.
        dropped: How many items gave none, by reason.
    """

    def __init__(self, places: int, policy: Policy) -> None:
        self.lock = threading.RLock()
        self.waiting: deque[Item] = deque()
        self.running: Item | None = None
        self.closed = False
        self.results: deque[QueueResult] = deque()
        self.delivered = 0
        self.dropped: dict[Reason, int] = {}
        self._places = places
        self._policy = policy
        self._listeners: list[Callable[[], object]] = []

    @property
    def idle(self) -> bool:
        """Returns True if nothing waits or runs."""
        return self.running is None and not self.waiting

    @property
    def over(self) -> bool:
        """Returns True if no result will come any more."""
        return self.closed and self.idle

    @property
    def full(self) -> bool:
        """Returns True if as many wait as may."""
        return len(self.waiting) >= self._places

    @property
    def has_work(self) -> bool:
        """Returns True if there is something for the queue's thread: a run to wait for, or one to begin."""
        return self.running.begun if self.running is not None else bool(self.waiting)

    def stats(self) -> QueueStats:
        """A snapshot of the counts."""
        with self.lock:
            running = int(self.running is not None)
            dropped = {str(reason): count for reason, count in self.dropped.items()}
            submitted = len(self.waiting) + running + self.delivered + sum(dropped.values())
            return QueueStats(submitted, len(self.waiting), running, self.delivered, dropped)

    def add(self, item: Item) -> bool:
        """Lets an item run next where nothing is before it, and otherwise wait. Needs the lock.

        Where the line is full, `item.gave_way` is dropped for it, or it is rejected: then the answer is False.
        """
        if self.idle:
            self.running = item
            return True
        if self.full and self._policy == "reject":
            self.dropped = self._counting("rejected")
            return False
        item.inputs = copied(item.inputs)
        if not self.full:
            self.waiting.append(item)
            return True
        item.gave_way = self.waiting[0]
        waiting, dropped = deque([*islice(self.waiting, 1, None), item]), self._counting(self.reason_to_give_way)
        self.waiting, self.dropped = waiting, dropped
        return True

    @property
    def reason_to_give_way(self) -> Reason:
        """Why the oldest item is dropped when another one comes."""
        return "newer" if self._policy == "latest" else "oldest"

    def take_out(self, item: Item, *, begun: bool) -> None:
        """Takes an item out, as if it had never come: one that waits, or whose turn it is, `begun` or not."""
        with self.lock, suppress(ValueError):
            if self.running is not item:
                self.waiting.remove(item)
            elif begun or not item.begun:
                self.running = None
            self.tell_change()

    def next(self) -> Item:
        """The item whose turn it is. Needs the lock, and work."""
        self.running = self.running or self.waiting.popleft()
        self.tell_change()
        return self.running

    def drop_running(self, reason: Reason) -> None:
        """The running item has ended without a result."""
        with self.lock:
            self.dropped, self.running = self._counting(reason), None
            self.tell_change()

    def deliver_running(self, result: QueueResult | None) -> None:
        """The running item has ended with a result, which somebody will read unless it is None."""
        with self.lock:
            if result is not None:
                self.results.append(result)
            self.delivered, self.running = self.delivered + 1, None
            self.tell_change()

    def close(self) -> deque[Item]:
        """Accepts nothing more. Returns the items that waited, which are dropped."""
        with self.lock:
            none: deque[Item] = deque()
            counts = self._counting("closed", len(self.waiting))
            dropped, self.waiting, self.dropped, self.closed = self.waiting, none, counts, True
            self.tell_change()
        return dropped

    def _counting(self, reason: Reason, count: int = 1) -> dict[Reason, int]:
        return {**self.dropped, reason: self.dropped.get(reason, 0) + count} if count else self.dropped

    def wait_until(self, ready: Callable[[], object], until: float | None) -> bool:
        """Waits until something is so, at most to a time of `time.monotonic`. Returns whether it is.

        It waits in one call of C: a `threading.Condition` that Ctrl-C interrupts may be left without its lock.
        """
        while True:
            woken: SimpleQueue[None] = SimpleQueue()
            wake = partial(woken.put, None)
            with self.lock:
                if ready():
                    return True
                self._listeners.append(wake)
            try:
                left = None if until is None else min(max(until - time.monotonic(), 0), threading.TIMEOUT_MAX)
                woken.get(timeout=left)
            except Empty:
                with self.lock:
                    return bool(ready())
            finally:
                self.forget(wake)

    def listen(self, wake: Callable[[], object]) -> None:
        """Has it called, once, at the next change. Needs the lock."""
        self._listeners.append(wake)

    def forget(self, wake: Callable[[], object]) -> None:
        """Does not have it called any more."""
        with self.lock, suppress(ValueError):
            self._listeners.remove(wake)

    def tell_change(self) -> None:
        """Wakes all waiting threads. Needs the lock."""
        for listener in self._listeners:
            listener()
        self._listeners.clear()


def copied(inputs: Any) -> Any:
    """The arrays as they are now. What is no array is left for the run to refuse."""
    if isinstance(inputs, Mapping):
        return {name: copied(value) for name, value in inputs.items()}
    if isinstance(inputs, np.ndarray) or hasattr(inputs, "__array__") or hasattr(inputs, "__array_interface__"):
        return np.array(inputs)
    if isinstance(inputs, (bytearray, memoryview)):
        return np.array(memoryview(inputs))
    return np.from_dlpack(inputs).copy() if hasattr(inputs, "__dlpack__") else inputs


def time_in(seconds: float | None) -> float | None:
    """The time of `time.monotonic` in so many seconds; None for no limit."""
    return None if seconds is None else time.monotonic() + seconds
