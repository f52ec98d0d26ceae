"""Wakes event loops when requests have ended."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from .. import _core
from .._errors import InputTypeError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class _LoopWaker:
    """One for each loop, used in its thread: the end of a request comes as an event of a file descriptor.

    That takes no thread of Python's on the way; a call from one would have to get the GIL first.

    It belongs to its loop, which watches its file descriptor: whoever else held it would hold those who wait, and by
    them the loop, also when that has ended before they were notified.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waker = _core.LoopWaker()
        self._waiters: dict[int, asyncio.Future[None]] = {}
        self._tickets = itertools.count()
        self._ended: deque[list[int]] = deque()  # tickets whose waiters are not notified yet
        self.loop = weakref.ref(loop)
        loop.add_reader(self._waker.fileno(), self._on_ready)

    def watch(self, request: _core.Request, waiter: asyncio.Future[None]) -> None:
        ticket = next(self._tickets)
        self._waiters[ticket] = waiter
        self._waker.watch(request, ticket)

    def _on_ready(self) -> None:
        # Taken and noted in one step of C, and reported step by step: Ctrl-C in here ends the loop's run, and a later
        # run reports the others.
        self._ended.extend(iter(self._waker.take, []))
        try:
            while self._ended:
                for ticket in self._ended[0]:
                    _set_done(self._waiters.get(ticket))
                    self._waiters.pop(ticket, None)
                self._ended.popleft()
        except BaseException:
            if (loop := self.loop()) is not None:
                loop.call_soon(self._on_ready)
            raise


_wakers: WeakValueDictionary[int, _LoopWaker] = WeakValueDictionary()  # by the id of the loop
_lock = threading.Lock()


def wake_when_done(request: _core.Request, waiter: asyncio.Future[None], otherwise: Callable[[], None]) -> None:
    """Sets the result of a loop's future when a request has ended. In the loop's thread.

    Args:
        request: The request.
        waiter: A future of the running loop.
        otherwise: Called instead with loops that can watch no file descriptors.
    """
    loop = waiter.get_loop()
    with _lock:
        waker = _wakers.get(id(loop))
        if waker is None or waker.loop() is not loop:
            try:
                waker = _LoopWaker(loop)
            except NotImplementedError:
                otherwise()
                return
            _wakers[id(loop)] = waker
    waker.watch(request, waiter)


def waking(waiter: asyncio.Future[None]) -> Callable[[object], None]:
    """Returns a callback of a request that sets the result of a loop's future, from any thread."""
    loop = waiter.get_loop()

    def wake(_: object) -> None:
        with suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(_set_done, waiter)

    return wake


def refuse_asyncio_wait(callback: Callable[[Any], object]) -> None:
    """Refuses the callback of `asyncio.wait()`, which would wait forever: no other thread may call it.

    Raises:
        InputTypeError: It is that callback.
    """
    if getattr(callback, "__module__", None) == "asyncio.tasks":
        raise InputTypeError("asyncio.wait() cannot wait for a request itself: use asyncio.ensure_future(request)")


def _set_done(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
