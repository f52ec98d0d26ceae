"""Threads for the blocking work of an event loop, with less between loop and thread than an executor has."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

from hbm_runtime._signals import signals_blocked

_Item = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class WorkerPool:
    """Runs functions on threads and settles a future of the event loop that asked.

    Made and used on one event loop, so that nothing but the queue is shared with the threads. `asyncio`'s way through
    `concurrent.futures` costs two futures, four locks and, as it counts a thread as busy until it asks for work again,
    a second thread for clients that send one request after the other: 40 us of a small request.

    Args:
        size: Most threads.
        name: What they are called, followed by a number.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._threads: list[threading.Thread] = []
        self._unsettled = 0
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()

    def run(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Does the work on a thread; returns what gives its result or raises its exception."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if len(self._threads) < min(self._unsettled + 1, self._size):
            self._add_thread()  # which may fail
        self._unsettled += 1
        self._items.put((loop, future, work))
        return future

    def close(self) -> None:
        """Ends the threads when what was asked of them is done."""
        for _ in self._threads:
            self._items.put(None)

    def _add_thread(self) -> None:
        name = f"{self._name}_{len(self._threads)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        with signals_blocked():
            thread.start()
        self._threads.append(thread)

    def _serve(self) -> None:
        while (item := self._items.get()) is not None:
            self._do(*item)
            del item  # it has the request's body

    def _do(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], work: Callable[[], Any]) -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(self._settle, future, result, failure)
        except RuntimeError:  # the loop has ended, and nobody waits any more
            pass
        finally:
            del work, result, failure  # the failure's traceback holds this frame

    def _settle(self, future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
        self._unsettled -= 1
        if future.done():  # cancelled
            return
        if failure is None:
            future.set_result(result)
        else:
            future.set_exception(failure)
