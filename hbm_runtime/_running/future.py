"""What makes a request a `concurrent.futures.Future`: its state, its waiters and its callbacks."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from .._core import refuse_fork
from .._errors import HbmError
from .._future_errors import HbmCancelledError
from .._observing.logging import logger
from .keywords import Result
from .loop_waker import refuse_asyncio_wait

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from .. import _core

    R = TypeVar("R", default=Result)
else:
    from typing import TypeVar

    R = TypeVar("R")

# Of concurrent.futures, where waiting functions look at them.
_PENDING, _CANCELLED, _FINISHED = "PENDING", "CANCELLED_AND_NOTIFIED", "FINISHED"

ENDED = frozenset({"done", "failed", "cancelled"})
"""What `RequestFuture.status` says of a request that has ended."""

_PATIENCE = 1.0
"""Seconds that the package's thread waits for a request's lock, which others hold for microseconds."""


class RequestFuture(concurrent.futures.Future[R]):
    """A future whose end is the end of a request.

    The request is the one place of the state. What is kept beside it changes in single steps that may be done twice, or
    on the package's own thread: Ctrl-C, which ends any function of the main thread between two lines, leaves nothing
    half done.
    """

    _done_callbacks: list[Callable[[Any], object]]
    _settled_state: str
    _waiting: list[Any]
    _own_condition: threading.Condition

    _watched = False
    _notified = False

    def __init__(self, request: _core.Request) -> None:
        self._request = request
        self._errors: dict[str, HbmError | None] = {}
        super().__init__()

    # Most requests are only waited for or awaited, and then a thread that takes the GIL to notify the base class of
    # the end would cost more than the request. So the base class is notified only once its waiters are read or a
    # callback is added, and its state follows the request's until then.
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
            # Whoever looks twice under the lock has to see the same: once it is watched only _settle() changes it.
            if not self._watched and self._settled_state == _PENDING:
                if self.done():
                    self._settled_state = self._final_state()
                else:
                    self._watch()
            return self._settled_state

        @_state.setter
        def _state(self, state: str) -> None:
            self._settled_state = state

    @property
    def status(self) -> str:
        """One of "preparing", "queued", "running", "done", "failed", "cancelled"."""
        return self._request.state

    def done(self) -> bool:
        """Returns True if it has ended: with a result, an error, or cancelled."""
        return self.status in ENDED

    def running(self) -> bool:
        """Returns True if the driver has it."""
        return self.status == "running"

    def cancelled(self) -> bool:
        """Returns True if it was cancelled or abandoned."""
        return self.status == "cancelled"

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Calls `fn` with the request when it has ended, callbacks in the order in which they were added.

        If it has ended already, `fn` is called at once.

        Raises:
            InputTypeError: `fn` is the callback of `asyncio.wait()`, which no other thread may call.
        """
        refuse_asyncio_wait(fn)
        if self.done() and (self._notified or not self._done_callbacks):
            self._call_back(fn)
            return
        self._watch()
        self._done_callbacks.append(fn)
        if self._notified:  # meanwhile, perhaps before it was added
            self._call_callbacks()

    def set_running_or_notify_cancel(self) -> NoReturn:
        """Not for callers: only the runtime ends a request."""
        raise concurrent.futures.InvalidStateError("the runtime runs this request; only it can end it")

    def set_result(self, result: Any) -> NoReturn:  # noqa: ARG002 (the base class's signature)
        """Not for callers: only the runtime ends a request."""
        self.set_running_or_notify_cancel()

    def set_exception(self, exception: BaseException | None) -> NoReturn:  # noqa: ARG002
        """Not for callers: only the runtime ends a request."""
        self.set_running_or_notify_cancel()

    def _failure(self) -> HbmError | None:
        """What an ended request failed with: always the same object."""
        if "" in self._errors:
            return self._errors[""]
        return self._errors.setdefault("", self._request.error())

    def _final_state(self) -> str:
        try:
            cancelled = isinstance(self._failure(), HbmCancelledError)
        except MemoryError:  # for the error; waiters are notified without it
            cancelled = self.cancelled()
        return _CANCELLED if cancelled else _FINISHED

    def _watch(self) -> None:
        """Has waiters and callbacks notified of the end, on the package's own thread."""
        if not self._watched:
            self._request.on_done(self._settle)
            self._watched = True  # afterwards: a second notification does no harm, a missing one does

    def _settle(self) -> None:
        """Notifies waiters and callbacks of the end, on the package's own thread."""
        # A concurrent.futures.wait() that Ctrl-C ended while it took the locks of its requests keeps those that it had.
        held = self._own_condition.acquire(timeout=_PATIENCE)
        try:
            self._tell_waiters()
        finally:
            if held:
                self._own_condition.release()
            self._notified = True
            self._call_callbacks()

    def _tell_waiters(self) -> None:
        """Moves the base class's state on and notifies its waiters, once: they count notifications."""
        if self._settled_state != _PENDING:
            return
        self._settled_state = self._final_state()
        for waiter in self._waiting:
            if self.status == "done":
                waiter.add_result(self)
            elif self._settled_state == _CANCELLED:
                waiter.add_cancelled(self)
            else:
                waiter.add_exception(self)

    def _call_callbacks(self) -> None:
        with suppress(IndexError):  # no more
            while True:
                self._call_back(self._done_callbacks.pop(0))

    def _call_back(self, callback: Callable[[Any], object]) -> None:
        try:
            callback(self)
        except BaseException as error:
            # asyncio.CancelledError and SystemExit, too: here they would keep others from being called.
            if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                raise
            logger.exception("a callback of %s raised", repr(self))
