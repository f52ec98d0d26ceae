"""Asynchronous runs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import HbmCancelledError, HbmError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from . import _core

    Result = dict[str, dict[str, NDArray[Any]]]
    ResultFuture = concurrent.futures.Future[Result]
else:
    ResultFuture = concurrent.futures.Future

_log = logging.getLogger("hbm_runtime")


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


class InferRequest(ResultFuture):
    """A run that goes on by itself: a `concurrent.futures.Future` that can also be awaited.

    Made by `HB_HBMRuntime.run_async`. Safe to use from any thread. It may be dropped at any time; its memory lives
    until the device is done with it.
    """

    def __init__(self, request: _core.Request) -> None:
        super().__init__()
        self._request = request
        self._value: Result | None = None
        request.on_done(self._settle)

    def _settle(self) -> None:
        # On the notifier thread: tells waiters, callbacks and event loops.
        try:
            error = self._request.error()
            if error is None:
                self.set_result(self._outputs())
            elif isinstance(error, HbmCancelledError):
                super().cancel()
                self.set_running_or_notify_cancel()
            else:
                self.set_exception(error)
        except concurrent.futures.InvalidStateError:
            pass  # cancelled through the base class in the meantime
        except Exception:
            _log.exception("a finished request could not be reported")

    def _outputs(self) -> Result:
        with self._condition:
            if self._value is None:
                self._value = self._request.result()
            return self._value

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it has ended, at most `timeout` seconds. Returns True when it has ended."""
        return self._request.wait(timeout)

    def result(self, timeout: float | None = None) -> Result:
        """Waits for the result, ``{model: {output: array}}``.

        Raises:
            TimeoutError: Not done within `timeout` seconds; the request goes on.
            HbmError: What the request failed with; `HbmTimeoutError` for its own time-out, `HbmCancelledError` (also a
                `concurrent.futures.CancelledError`) when it was cancelled.
        """
        if not self._request.wait(timeout):
            raise concurrent.futures.TimeoutError(f"not done within {timeout} s")
        return self._outputs()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Waits for the end and returns the exception it ended with, or None.

        Raises like `result` when it is not done in time or was cancelled.
        """
        if not self._request.wait(timeout):
            raise concurrent.futures.TimeoutError(f"not done within {timeout} s")
        error: HbmError | None = self._request.error()
        if isinstance(error, HbmCancelledError):
            raise error
        return error

    @property
    def status(self) -> str:
        """One of "preparing", "queued", "running", "done", "failed", "cancelled"."""
        return self._request.state

    @property
    def info(self) -> RequestInfo | dict[str, RequestInfo]:
        """What became of it so far; by model name when several models run in it."""
        infos = [RequestInfo(**info) for info in self._request.infos()]
        return infos[0] if len(infos) == 1 else {info.model: info for info in infos}

    def done(self) -> bool:
        """Tells whether it has ended: with a result, an error, or cancelled."""
        return self.status in {"done", "failed", "cancelled"}

    def running(self) -> bool:
        """Tells whether the driver has it."""
        return self.status == "running"

    def cancelled(self) -> bool:
        """Tells whether it was cancelled or abandoned."""
        return self.status == "cancelled"

    def cancel(self) -> bool:
        """Removes it from the queue. False, and without effect, when the driver has it already or it has ended."""
        return self._request.cancel() or self.cancelled()

    def abandon(self) -> None:
        """Lets go of it in any state: it counts as cancelled, the device goes on with it if it has begun."""
        self._request.abandon()

    def __await__(self) -> Generator[Any, None, Result]:
        """Waits in an event loop; cancelling the awaiting task cancels or abandons the request."""
        try:
            return (yield from asyncio.wrap_future(self).__await__())
        except asyncio.CancelledError:
            self.abandon()
            raise

    def __repr__(self) -> str:
        models = ", ".join(info["model"] for info in self._request.infos())
        return f"<InferRequest {models}: {self.status}>"
