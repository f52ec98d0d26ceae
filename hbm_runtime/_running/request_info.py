"""What became of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RequestInfo:
    """What became of one model's part of a request.

    Times are nanoseconds of `time.monotonic_ns`; 0 where that point was not reached.

    Attributes:
        model: Name of the model.
        custom_id: Second scheduling key, as given or by default.
        priority: First scheduling key.
        bpu_cores: Cores that were asked for.
        enqueue_ns: The request was accepted.
        copied_ns: Its inputs were in device memory.
        submit_ns: The driver got it.
        ended_ns: The driver reported its end.
        done_ns: Its outputs could be read.
        queue_depth: Requests that waited for a task slot of the driver when it came.
        late: Its deadline had passed when it was done, or it was not run for that.
    """

    __module__ = "hbm_runtime"

    model: str
    custom_id: int
    priority: int
    bpu_cores: list[int]
    enqueue_ns: int
    copied_ns: int
    submit_ns: int
    ended_ns: int
    done_ns: int
    queue_depth: int
    late: bool
