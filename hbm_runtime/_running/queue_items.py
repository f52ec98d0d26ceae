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
        tag: The tag that was given to `submit`.
        age: Seconds from `submit` to the result.
        info: Times and other facts of the request.
    """

    __module__ = "hbm_runtime"

    outputs: dict[str, NDArray[Any]]
    tag: Any
    age: float
    info: RequestInfo


@dataclass
class QueueStats:
    """Counts of a queue. Every item that was submitted is in exactly one of `results`, `dropped` and the two others."""

    __module__ = "hbm_runtime"

    submitted: int
    waiting: int
    running: int
    results: int
    dropped: dict[str, int]
