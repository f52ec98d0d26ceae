"""Asynchronous runs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from .._core import refuse_fork
from .._errors import HbmCancelledError, HbmError, HbmForkError, WaitTimeoutError
from .flat_result import ModelOutputs
from .keywords import Array, Result
from .loop_waker import refuse_asyncio_wait, wake_when_done, waking

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from .. import _core

    R = TypeVar("R", default=Result)
else:
    from typing import TypeVar

    R = TypeVar("R")

_log = logging.getLogger("hbm_runtime")

# Of concurrent.futures, where waiting functions look at them.
_PENDING, _CANCELLED, _FINISHED = "PENDING", "CANCELLED_AND_NOTIFIED", "FINISHED"

_ENDED = frozenset({"done", "failed", "cancelled"})
"""What `InferRequest.status` says of a request that has ended."""


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


class InferRequest(concurrent.futures.Future[R]):
    """A run that goes on by itself: a `concurrent.futures.Future` that can also be awaited.

    Made by `HB_HBMRuntime.run_async`, whose requests give ``{model: {output: array}}``, and by `Model.run_async` and
    `BoundRun.run_async`, whose requests give ``{output: array}``: what `run` of the same object gives.

    Safe to use from any thread. It may be dropped at any time; its memory lives until the device is done with it. One
    that failed, and whose result nobody asked for, is logged when it is dropped.

    In a fork of the process that made it everything raises `HbmForkError`.

    Callbacks run on a thread of this package, one after the other: what takes long belongs on a thread of the caller's.
    What they raise is logged.
    """

    _done_callbacks: list[Callable[[Any], object]]
    _settled_state: str
    _waiting: list[Any]

    def __init__(self, request: _core.Request, model: str | None = None) -> None:
        self._request = request
        self._model = model  # its outputs alone are the result
        self._value: Any = None
        self._error: HbmError | None = None
        self._asked = False
        self._watched = False
        self._told = False
        super().__init__()

    # Most requests are only waited for or awaited, and then a thread that takes the GIL to tell the base class of the
    # end would cost more than the request. So the base class is told when somebody looks for its waiters or adds a
    # callback, and its state follows the request's until then.
    #
    # Type checkers go by the base class's plain attributes, which the protocol of concurrent.futures.wait() asks for.
    if not TYPE_CHECKING:

        @property
        def _condition(self) -> threading.Condition:
            refuse_fork()  # whoever takes it would wait for threads that a fork does not have
            return self._own_condition

        @_condition.setter
        def _condition(self, condition: threading.Condition) -> None:
            self._own_condition = condition

        @property
        def _waiters(self) -> list[Any]:
            self._watch()
            return self._waiting

        @_waiters.setter
        def _waiters(self, waiters: list[Any]) -> None:
            self._waiting = waiters

        @property
        def _state(self) -> str:
            # Whoever looks twice under the lock has to see the same: from the first look on only _finish() changes it.
            if not self._watched and not self.done():
                self._watch()
            return self._settled_state

        @_state.setter
        def _state(self, state: str) -> None:
            self._settled_state = state

    def _watch(self) -> None:
        """Has the end told to the base class, on the package's own thread."""
        with self._condition:
            if self._watched:
                return
            self._watched = True
        self._request.on_done(self._settle)

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
            HbmError: What the request failed with; `HbmTimeoutError` for its own time-out, `HbmCancelledError` (also a
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
        ended = self.status in _ENDED
        if ended:
            self._finish()
        return ended

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

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Calls `fn` with the request when it has ended, in the order in which they were added; now if it has.

        Raises:
            InputTypeError: `asyncio.wait()` adds a callback of its own, which no other thread may call.
        """
        refuse_asyncio_wait(fn)
        self._watch()
        if self.done():
            self._settle()
        super().add_done_callback(lambda _: self._call_back(fn))

    def __await__(self) -> Generator[Any, None, R]:
        """Waits in an event loop; cancelling the awaiting task cancels or abandons the request.

        Raises:
            HbmError: As `result`; `HbmCancelledError` when somebody else cancelled the request.
        """
        if not self.done():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            wake_when_done(self._request, waiter, lambda: self.add_done_callback(waking(waiter)))
            try:
                yield from waiter
            except BaseException:  # the task was cancelled, or is thrown away with its loop
                if not self.cancel():
                    self.abandon()
                raise
        return self.result()

    def set_running_or_notify_cancel(self) -> NoReturn:
        """Only the runtime tells what becomes of a request."""
        raise concurrent.futures.InvalidStateError("the runtime runs this request; only it can tell what becomes of it")

    def set_result(self, result: Any) -> NoReturn:  # noqa: ARG002 (the base class's signature)
        """Only the runtime tells what becomes of a request."""
        self.set_running_or_notify_cancel()

    def set_exception(self, exception: BaseException | None) -> NoReturn:  # noqa: ARG002
        """Only the runtime tells what becomes of a request."""
        self.set_running_or_notify_cancel()

    def _ended_with(self, timeout: float | None) -> HbmError | None:
        if not self.wait(timeout):
            raise WaitTimeoutError(f"not done within {timeout} s")
        self._asked = True
        self._finish()
        return self._failure()

    def _failure(self) -> HbmError | None:
        with self._condition:
            if self._error is None:
                self._error = self._request.error()
            return self._error

    def _outputs(self) -> R:
        with self._condition:
            if self._value is None:
                result = self._request.result()
                self._value = result if self._model is None else ModelOutputs(result[self._model], self._model)
            return self._value  # type: ignore[no-any-return]

    def _finish(self) -> None:
        """Moves the base class's state on and tells its waiters, once: they count who tells them."""
        with self._condition:
            if self._settled_state != _PENDING:
                return
            error = self._failure()
            cancelled = isinstance(error, HbmCancelledError)
            self._settled_state = _CANCELLED if cancelled else _FINISHED
            for waiter in self._waiting:
                if error is None:
                    waiter.add_result(self)
                elif cancelled:
                    waiter.add_cancelled(self)
                else:
                    waiter.add_exception(self)
            self._condition.notify_all()

    def _settle(self) -> None:
        """Tells waiters and callbacks of the end. The first thread that comes does it."""
        self._finish()
        with self._condition:
            if self._told:
                return
            self._told = self._watched = True
        for callback in self._done_callbacks:
            callback(self)

    def _call_back(self, callback: Callable[[Any], object]) -> None:
        try:
            callback(self)
        except BaseException as error:
            # asyncio.CancelledError and SystemExit, too: here they would keep others from being called.
            if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                raise
            _log.exception("a callback of %s raised", repr(self))

    def __del__(self) -> None:
        request = getattr(self, "_request", None)
        if request is None or self._asked:
            return
        with suppress(HbmForkError):  # it is the parent's
            if request.state in _ENDED:
                _log_failure(request)
            else:
                request.on_done(lambda: _log_failure(request))

    def __repr__(self) -> str:
        try:
            infos = self._request.infos()
        except HbmForkError:
            return "<InferRequest of the process that this one was forked from>"
        models = ", ".join(info["model"] for info in infos)
        seconds = (max(info["done_ns"] for info in infos) - min(info["enqueue_ns"] for info in infos)) / 1e9
        took = f" in {seconds * 1e3:.3f} ms" if self.status == "done" else ""
        return f"<InferRequest {models}: {self.status}{took}>"


def _log_failure(request: _core.Request) -> None:
    if request.state == "failed":
        _log.error("a request failed and nobody asked for its result: %s", request.error())
