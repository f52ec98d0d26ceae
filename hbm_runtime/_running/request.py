"""Asynchronous runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._errors import HbmError, HbmForkError
from .._future_errors import HbmCancelledError, WaitTimeoutError
from .._observing.logging import logger
from .flat_result import ModelOutputs
from .future import ENDED, R, RequestFuture
from .keywords import Array
from .loop_waker import wake_when_done, waking
from .request_info import RequestInfo

if TYPE_CHECKING:
    import asyncio

    from .. import _core


class InferRequest(RequestFuture[R]):
    """A run in the background: a `concurrent.futures.Future` that can also be awaited.

    Made by `HB_HBMRuntime.run_async`, whose requests give ``{model: {output: array}}``, and by `Model.run_async` and
    `BoundRun.run_async`, whose requests give ``{output: array}``, as `run` of the same object does.

    Safe to use from any thread. It may be dropped at any time; its memory lives until the device is done with it. If
    it failed and nobody asked for its result, the error is logged when it is dropped.

    In a fork of the process that made it everything raises `HbmForkError`.

    Callbacks run on a thread of this package, one after the other: long work belongs on a thread of the caller.
    Exceptions that they raise are logged.
    """

    __module__ = "hbm_runtime"

    _asked = False

    def __init__(self, request: _core.Request, model: str | None = None) -> None:
        self._model = model  # its outputs alone are the result
        self._values: dict[str | None, Any] = {}
        super().__init__(request)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it has ended, at most `timeout` seconds. Returns True when it has ended."""
        return self._request.wait(0 if isinstance(timeout, (int, float)) and timeout < 0 else timeout)

    def _flat(self, model: str) -> InferRequest[dict[str, Array]]:
        """Makes the result ``{output: array}``, the outputs of this one model."""
        self._model = model
        return self  # type: ignore[return-value]

    def result(self, timeout: float | None = None) -> R:
        """Waits for the result, ``{model: {output: array}}`` or ``{output: array}``.

        Raises:
            TimeoutError: Not done within `timeout` seconds; the request goes on. Python's own and that of
                `concurrent.futures`, which are two in Python 3.10.
            HbmError: The error of the request; `HbmTimeoutError` for its own time-out, `HbmCancelledError` (also a
                `concurrent.futures.CancelledError`) when it was cancelled.
        """
        error = self._ended_with(timeout)
        if error is None:
            return self._outputs()
        try:
            raise error
        finally:
            del self, error  # which the traceback would hold, and the error holds the traceback

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Waits for the end and returns the exception it ended with, or None.

        Raises like `result` when it is not done in time or was cancelled.
        """
        error = self._ended_with(timeout)
        if not isinstance(error, HbmCancelledError):
            return error
        try:
            raise error
        finally:
            del self, error

    @property
    def info(self) -> RequestInfo | dict[str, RequestInfo]:
        """Times and other facts of the request so far; by model name when several models run in it."""
        infos = [RequestInfo(*info) for info in self._request.infos()]
        return infos[0] if len(infos) == 1 else {info.model: info for info in infos}

    def cancel(self) -> bool:
        """Removes it from the queue. Returns False without effect when the driver has it already or it has ended."""
        return self._request.cancel() or self.cancelled()

    def abandon(self) -> None:
        """Abandons it in any state: it counts as cancelled; if it has begun, the device goes on with it."""
        self._request.abandon()

    def __await__(self) -> Generator[Any, None, R]:
        """Waits in an event loop; cancelling the awaiting task cancels or abandons the request.

        Raises:
            HbmError: As `result`; `HbmCancelledError` when somebody else cancelled the request.
        """
        if not self.done():
            from asyncio import get_running_loop  # noqa: PLC0415 (callers that await have imported it; importing us must stay cheap)

            waiter: asyncio.Future[None] = get_running_loop().create_future()
            wake_when_done(self._request, waiter, lambda: self.add_done_callback(waking(waiter)))
            try:
                yield from waiter
            except BaseException:  # the task was cancelled, or is thrown away with its loop
                if not self.cancel():
                    self.abandon()
                raise
        return self.result()

    def _ended_with(self, timeout: float | None) -> HbmError | None:
        if not self.wait(timeout):
            raise WaitTimeoutError(f"not done within {timeout} s")
        self._asked = True
        return self._failure()

    def _outputs(self) -> R:
        """Returns the result, always the same object."""
        if self._model not in self._values:
            result = self._request.result()
            made = result if self._model is None else ModelOutputs(result[self._model], self._model)
            self._values.setdefault(self._model, made)
        return self._values[self._model]  # type: ignore[no-any-return]

    def __del__(self) -> None:
        request = getattr(self, "_request", None)
        if request is None or self._asked:
            return
        with suppress(HbmForkError):  # it is the parent's
            if request.state in ENDED:
                _log_failure(request)
            else:
                request.on_done(lambda: _log_failure(request))

    def __repr__(self) -> str:
        try:
            infos = [RequestInfo(*info) for info in self._request.infos()]
        except HbmForkError:
            return "<InferRequest of the process that this one was forked from>"
        models = ", ".join(info.model for info in infos)
        seconds = (max(info.done_ns for info in infos) - min(info.enqueue_ns for info in infos)) / 1e9
        took = f" in {seconds * 1e3:.3f} ms" if self.status == "done" else ""
        return f"<InferRequest {models}: {self.status}{took}>"


def _log_failure(request: _core.Request) -> None:
    if request.state == "failed":
        logger.error("a request failed and nobody asked for its result: %s", request.error())
