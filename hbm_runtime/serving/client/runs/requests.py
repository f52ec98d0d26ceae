"""Asynchronous runs on a server."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import logging
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hbm_runtime._errors import HbmError
from hbm_runtime._future_errors import HbmCancelledError, WaitTimeoutError
from hbm_runtime._running.flat_result import ModelOutputs
from hbm_runtime._running.loop_waker import refuse_asyncio_wait, waking
from hbm_runtime._running.native import checked

from ..transports.wire import Array, Control
from .running import Outcome

Result = dict[str, dict[str, Array]]

if TYPE_CHECKING:
    from .workers import Workers

    ResultFuture = concurrent.futures.Future[Result]
else:
    ResultFuture = concurrent.futures.Future

_log = logging.getLogger("hbm_runtime")


@dataclass(frozen=True)
class RemoteRequestInfo:
    """Times and other facts of one model's part of a request. 0, -1, () and "" stand for facts that are not known.

    Attributes:
        model: Name of the model.
        server: Address of the server that answered.
        enqueue_ns: When it was sent, nanoseconds of this machine's `time.monotonic_ns`.
        done_ns: When the answer was there, likewise.
        queue_ns: Nanoseconds that it waited on the server.
        copy_ns: Nanoseconds of copies to and from the device.
        run_ns: Nanoseconds on the device.
        bpu_cores: Cores that it could run on.
        frame_id: The server's number of the request.
    """

    model: str
    server: str = ""
    enqueue_ns: int = 0
    done_ns: int = 0
    queue_ns: int = 0
    copy_ns: int = 0
    run_ns: int = 0
    bpu_cores: tuple[int, ...] = ()
    frame_id: int = -1

    @classmethod
    def of(cls, model: str, outcome: Outcome) -> RemoteRequestInfo:
        """Reads the parameters of a response."""
        names = ("queue_ns", "copy_ns", "run_ns", "frame_id")
        given = {name: outcome.parameters.get(f"hbm_{name}") for name in names}
        numbers: dict[str, Any] = {name: int(str(value)) for name, value in given.items() if _is_number(value)}
        listed = str(outcome.parameters.get("hbm_core", "")).split(",")
        cores = tuple(int(core) for core in listed if _is_number(core))
        return cls(model, outcome.server, outcome.begin_ns, outcome.end_ns, bpu_cores=cores, **numbers)


@dataclass(frozen=True)
class Part:
    """The run of one model in a request."""

    model: str
    run: Callable[[], Outcome]
    control: Control


class RemoteRequest(ResultFuture):
    """A run on a server in the background: a `concurrent.futures.Future` that can also be awaited.

    Made by `RemoteRuntime.run_async`. Safe to use from any thread. If it failed and nobody asked for its
    result, the error is logged when it is dropped. Callbacks run on a thread of this package; long work belongs on
    another.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self._parts = list(parts)
        self._outcomes: dict[str, Outcome] = {}
        self._errors: dict[str, BaseException] = {}
        self._asked = False
        self._model: str | None = None

    def _flat(self, model: str) -> RemoteRequest:
        """Makes the result ``{output: array}``, the outputs of this one model."""
        self._model = model
        return self

    def _start(self, workers: Workers, *, here: bool = False) -> None:
        """Runs all parts, on threads of `workers`; with `here` the first one on this thread."""
        for part in self._parts[1 if here else 0 :]:
            workers.submit(functools.partial(self._run, part))
        if here:
            self._run(self._parts[0])

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it has ended, at most `timeout` seconds. Returns True when it has ended."""
        with self._condition:
            return self._condition.wait_for(super().done, timeout)

    @checked
    def result(self, timeout: float | None = None) -> Result:
        """Waits for the result, ``{model: {output: array}}``.

        Raises:
            TimeoutError: Not done within `timeout` seconds; the request goes on.
            HbmError: The error of the request; `HbmCancelledError` if it was cancelled.
        """
        self._demand_end(timeout)
        try:
            result = super().result(0)
            return result if self._model is None else ModelOutputs(result[self._model], self._model)  # type: ignore[return-value]
        finally:
            del self  # which the traceback would hold, and the error holds the traceback

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Waits for the end and returns the exception, or None; raises like `result` if it was cancelled."""
        self._demand_end(timeout)
        error = super().exception(0)
        if isinstance(error, HbmCancelledError):
            raise error
        return error

    @property
    def status(self) -> str:
        """One of "queued", "running", "done", "failed", "cancelled"."""
        if not self.done():
            return "running" if self.running() else "queued"
        if self.cancelled():
            return "cancelled"
        return "done" if super().exception(0) is None else "failed"

    @property
    def info(self) -> RemoteRequestInfo | dict[str, RemoteRequestInfo]:
        """Times and other facts of the request so far; by model name when several models run in it."""
        outcomes = dict(self._outcomes)
        infos = {
            part.model: RemoteRequestInfo.of(part.model, outcomes[part.model])
            if part.model in outcomes
            else RemoteRequestInfo(part.model)
            for part in self._parts
        }
        return infos if len(infos) > 1 else next(iter(infos.values()))

    def cancelled(self) -> bool:
        """Returns True if it was cancelled or abandoned."""
        if super().cancelled():
            return True
        return super().done() and isinstance(super().exception(0), HbmCancelledError)

    def cancel(self) -> bool:
        """Cancels it if it has not begun. Returns False, without effect, if it has begun or ended."""
        if not super().cancel():
            return False
        with self._condition:
            if self._state == "CANCELLED":  # waiting functions are notified now, not when a thread comes to it
                self.set_running_or_notify_cancel()
        return True

    def abandon(self) -> None:
        """Abandons it in any state: it counts as cancelled, and the server is notified where the protocol allows it."""
        if self.cancel():
            return
        with suppress(concurrent.futures.InvalidStateError):  # it has ended
            self.set_exception(HbmCancelledError("the request was abandoned"))
        for part in self._parts:
            part.control.cancel()

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Calls `fn` with the request when it has ended; at once if it has ended already.

        Raises:
            InputTypeError: `fn` is the callback of `asyncio.wait()`, which no other thread may call.
        """
        refuse_asyncio_wait(fn)
        super().add_done_callback(fn)

    def __await__(self) -> Generator[Any, None, Result]:
        """Waits in an event loop; cancelling the awaiting task cancels or abandons the request."""
        if not self.done():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.add_done_callback(waking(waiter))
            try:
                yield from waiter
            except BaseException:  # the task was cancelled, or is thrown away with its loop
                self.abandon()
                raise
        return self.result()

    def _demand_end(self, timeout: float | None) -> None:
        if not self.wait(timeout):
            raise WaitTimeoutError(f"not done within {timeout} s")
        self._asked = True
        if super().cancelled():
            raise HbmCancelledError("the request was cancelled")

    def _run(self, part: Part) -> None:
        if not self._begin():
            return
        outcome: Outcome | None = None
        error: BaseException | None = None
        try:
            outcome = part.run()
        except BaseException as caught:  # raised by result()
            error = caught
            if not isinstance(caught, Exception) and threading.current_thread() is threading.main_thread():
                self.abandon()
                raise
        with self._condition:
            if outcome is not None:
                self._outcomes[part.model] = outcome
            elif error is not None:
                self._errors[part.model] = error
            last = len(self._outcomes) + len(self._errors) == len(self._parts)
        if last:
            self._settle()

    def _begin(self) -> bool:
        with self._condition:
            return self.running() or (self._state == "PENDING" and self.set_running_or_notify_cancel())

    def _settle(self) -> None:
        errors = [self._errors[part.model] for part in self._parts if part.model in self._errors]
        with suppress(concurrent.futures.InvalidStateError):  # abandoned meanwhile
            if errors:
                self.set_exception(errors[0])
            else:
                self.set_result({part.model: self._outcomes[part.model].outputs for part in self._parts})

    def __del__(self) -> None:
        if not getattr(self, "_asked", True) and super().done() and not self.cancelled():
            error = super().exception(0)
            if isinstance(error, HbmError):
                _log.error("a request failed and nobody asked for its result: %s", error)

    def __repr__(self) -> str:
        return f"<RemoteRequest {', '.join(part.model for part in self._parts)}: {self.status}>"


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.lstrip("-").isdigit())
