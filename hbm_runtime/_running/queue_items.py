"""What comes out of a queue. Programs read the types of these classes, so that they are no strings here."""

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from .request_info import RequestInfo

Policy = Literal["block", "latest", "drop_oldest", "reject"]
Reason = Literal["newer", "oldest", "rejected", "deadline", "closed", "error"]


@dataclass(frozen=True)
class QueueResult:
    """One result of a queue.

    Attributes:
        outputs: Arrays by output name.
        tag: What was given to `submit`.
        age: Seconds from `submit` to the result.
        info: What became of the request.
    """

    outputs: dict[str, NDArray[Any]]
    tag: Any
    age: float
    info: RequestInfo


@dataclass
class QueueStats:
    """Counts of a queue. Every item that was submitted is in exactly one of `results`, `dropped` and the two others."""

    submitted: int
    waiting: int
    running: int
    results: int
    dropped: dict[str, int]
