"""Wakes event loops when requests have ended."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .. import _core

if TYPE_CHECKING:
    from collections.abc import Callable


class _LoopWaker:
    """One for each loop, used in its thread: the end of a request comes as an event of a file descriptor.

    That takes no thread of Python's on the way; a call from one would have to get the GIL first.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waker = _core.LoopWaker()
        self._waiters: dict[int, asyncio.Future[None]] = {}
        self._tickets = itertools.count()
        loop.add_reader(self._waker.fileno(), self._on_ready)

    def watch(self, request: _core.Request, waiter: asyncio.Future[None]) -> None:
        ticket = next(self._tickets)
        self._waiters[ticket] = waiter
        self._waker.watch(request, ticket)

    def _on_ready(self) -> None:
        for ticket in self._waker.take():
            waiter = self._waiters.pop(ticket)
            if not waiter.done():
                waiter.set_result(None)


_wakers: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopWaker] = WeakKeyDictionary()
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
        waker = _wakers.get(loop)
        if waker is None:
            try:
                waker = _LoopWaker(loop)
            except NotImplementedError:
                otherwise()
                return
            _wakers[loop] = waker
    waker.watch(request, waiter)
