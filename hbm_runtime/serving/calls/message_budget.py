"""How many bytes all requests and answers under way may have together, over both protocols."""

from __future__ import annotations

import threading

from ..failures import Kind, RefusedError


class MessageBudget:
    """Bytes that are there for messages. Safe to use from any thread.

    Bytes are counted as they arrive, not as they are announced: clients that announce much and send nothing would
    otherwise keep the others out. Of gRPC's messages that means when they are whole, because its library passes none
    on before.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes of messages that are there at this moment."""
        return self._used

    @property
    def full(self) -> bool:
        """True if nothing is left."""
        return self._used >= self._limit

    def refusal(self) -> RefusedError:
        """Makes the error for a request that does not fit."""
        return RefusedError(
            Kind.NO_ROOM,
            f"all requests and answers together have more than {self._limit} bytes; try again soon",
            reported_class="HbmQueueFullError",
        )

    def lease(self) -> MessageLease:
        """Returns the share of one request, empty yet."""
        return MessageLease(self)

    def _change(self, nbytes: int, *, bounded: bool = False) -> None:
        with self._lock:
            if bounded and self._used + nbytes > self._limit:
                raise self.refusal()
            self._used += nbytes


class MessageLease:
    """What one request has of the budget; given back by `close`, or at the end of the ``with`` block."""

    def __init__(self, budget: MessageBudget) -> None:
        self._budget = budget
        self._nbytes = 0

    def take(self, nbytes: int) -> None:
        """Takes bytes of a request. Raises RefusedError if that many are not left."""
        self._budget._change(nbytes, bounded=True)
        self._nbytes += nbytes

    def hold(self, nbytes: int) -> None:
        """Counts bytes that are there already, such as an answer's, until they are sent."""
        self._budget._change(nbytes)
        self._nbytes += nbytes

    def close(self) -> None:
        """Gives everything back. Twice is fine."""
        nbytes, self._nbytes = self._nbytes, 0
        self._budget._change(-nbytes)

    def __enter__(self) -> MessageLease:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
