"""How many bytes the bodies of all HTTP requests under way may have together."""

from __future__ import annotations

from .failures import Kind, RefusedError


class BodyBudget:
    """Bytes that are there for bodies. Used on the event loop alone, so it needs no lock.

    Bytes are counted as they arrive, not as they are announced: clients that announce much and send nothing would
    otherwise keep the others out.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0

    def lease(self) -> BodyLease:
        """Returns the share of one request, empty yet."""
        return BodyLease(self)


class BodyLease:
    """What one request has of the budget; given back at the end of the ``with`` block."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._nbytes = 0

    def take(self, nbytes: int) -> None:
        """Takes bytes of a request's body. Raises RefusedError if that many are not left."""
        budget = self._budget
        if budget._used + nbytes > budget._limit:
            raise RefusedError(
                Kind.UNAVAILABLE,
                f"the bodies of all requests together have more than {budget._limit} bytes; try again soon",
                reported_class="HbmQueueFullError",
            )
        self.hold(nbytes)

    def hold(self, nbytes: int) -> None:
        """Counts bytes that are there already, such as an answer's, until they are sent."""
        self._budget._used += nbytes
        self._nbytes += nbytes

    def __enter__(self) -> BodyLease:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget._used -= self._nbytes
