"""Back-pressure: how many requests of a model run at a time, how many wait, and what happens to more."""

from __future__ import annotations

import threading
import time

from hbm_runtime import HbmCancelledError, HbmDeadlineError, HbmQueueFullError, HbmTimeoutError

from ..settings import Policy
from .call import Cancellation


class _Ticket:
    """One request that waits. Its event is set when it may run, or when `error` says why not."""

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.error: Exception | None = None
        self.admitted = False
        self._ready = threading.Event()

    def abandon(self) -> None:
        self._ready.set()

    def wait(self, seconds: float | None) -> None:
        self._ready.wait(seconds)


class Gate:
    """Lets a bounded number of requests of one model through. Safe to use from any thread.

    Those that wait are admitted by priority, and among equals in the order of their arrival.

    Args:
        model: Name of the model, for error texts.
        in_flight: Requests that run at a time.
        size: Requests that may wait; with the policy "latest" one.
        policy: What happens when they wait already: "reject" the new one, "block" it without a limit, let it replace
            the "latest" that waits, or "drop_oldest".
    """

    def __init__(self, model: str, in_flight: int, size: int, policy: Policy) -> None:
        self._model = model
        self._in_flight = in_flight
        self._size = 1 if policy == "latest" else size
        self._policy = policy
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: list[_Ticket] = []
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Requests that wait at this moment."""
        return len(self._waiting)

    def acquire(
        self,
        priority: int,
        timeout: float | None,
        deadline: float | None,
        cancellation: Cancellation,
        *,
        may_wait: bool = True,
    ) -> bool:
        """Takes a place, which `release` gives back, and waits for one if that is allowed. Returns False without one.

        Raises:
            HbmQueueFullError: No place, or a newer request took it.
            HbmTimeoutError: No place within `timeout` seconds; HbmDeadlineError: before `deadline`.
            HbmCancelledError: The client took the call back.
        """
        with self._lock:
            free = self._running < self._in_flight and not self._waiting
            if free:
                self._running += 1
        if not free and may_wait:
            self._wait(priority, timeout, deadline, cancellation)
        return free or may_wait

    def _wait(self, priority: int, timeout: float | None, deadline: float | None, cancellation: Cancellation) -> None:
        ticket = _Ticket(priority)
        with self._lock:
            if self._policy != "block" and len(self._waiting) >= self._size:
                self._make_place()
            position = next(
                (index for index, other in enumerate(self._waiting) if other.priority < priority), len(self._waiting)
            )
            self._waiting.insert(position, ticket)
            self._admit()
        remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
        limits = [limit for limit in (timeout, remaining) if limit is not None]
        cancellation.attach(ticket)
        ticket.wait(min(limits, default=None))
        cancellation.attach(None)
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        if ticket.admitted and not cancellation.cancelled:
            return
        if ticket.admitted:
            self.release()
        raise self._reason(ticket, timeout, cancellation)

    def _reason(self, ticket: _Ticket, timeout: float | None, cancellation: Cancellation) -> Exception:
        if ticket.error is not None:
            return ticket.error
        if cancellation.cancelled:
            return HbmCancelledError(f"model '{self._model}': the client took the request back", model=self._model)
        late = HbmTimeoutError if timeout is not None else HbmDeadlineError
        return late(f"model '{self._model}': the request waited for its turn until its time was up", model=self._model)

    def _make_place(self) -> None:
        """Refuses the new request, or the oldest that waits. The lock is held."""
        self.dropped += 1
        if self._policy == "reject":
            raise HbmQueueFullError(
                f"model '{self._model}': {self._running} requests run and {len(self._waiting)} wait; "
                "the server takes no more at the moment",
                model=self._model,
            )
        victim = self._waiting.pop(0)
        victim.error = HbmQueueFullError(
            f"model '{self._model}': a newer request took the place of this one", model=self._model
        )
        victim.abandon()

    def release(self) -> None:
        """Gives the place back, to the next that waits."""
        with self._lock:
            self._running -= 1
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._running < self._in_flight:
            ticket = self._waiting.pop(0)
            ticket.admitted = True
            self._running += 1
            ticket.abandon()
