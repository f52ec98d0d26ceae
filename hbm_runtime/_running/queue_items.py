"""What goes into a queue, and what comes out of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from .request_info import RequestInfo

if TYPE_CHECKING:
    from .. import _core
    from .._errors import HbmError

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


@dataclass(eq=False)  # one is no other, whatever its arrays hold
class Item:
    """What was submitted, and what became of it."""

    inputs: Any
    tag: Any
    deadline: float | None
    submitted: float = field(default_factory=time.monotonic)
    request: _core.Request | None = None
    error: HbmError | None = None
    gave_way: Item | None = None
    """The item that was dropped for this one."""
    told: bool = False
    """Somebody was told that it was dropped."""

    @property
    def begun(self) -> bool:
        """Whether its run was started, or could not be."""
        return self.request is not None or self.error is not None
