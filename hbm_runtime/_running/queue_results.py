"""What comes out of a queue, and how it is read."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._core import refuse_fork
from .request import RequestInfo


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


class ResultReader(ABC):
    """The reading half of a queue: results wait here until threads or event loops take them."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], object]] = []  # of event loops that wait for a result
        self._results: deque[QueueResult] = deque()

    def get(self, timeout: float | None = None) -> QueueResult | None:
        """Waits for the next result; None when the queue is closed and empty. Raises TimeoutError after `timeout`."""
        refuse_fork()
        with self._changed:
            if not self._changed.wait_for(lambda: self._results or self._over(), timeout):
                raise TimeoutError(f"no result of model '{self._model}' within {timeout} s")
            return self._results.popleft() if self._results else None

    def __iter__(self) -> Iterator[QueueResult]:
        """Yields results until the queue is closed and empty."""
        while (result := self.get()) is not None:
            yield result

    async def __aiter__(self) -> AsyncIterator[QueueResult]:
        """Yields results in an event loop until the queue is closed and empty. A cancelled loop loses none."""
        loop = asyncio.get_running_loop()
        while True:
            woken = asyncio.Event()

            def wake(event: asyncio.Event = woken) -> None:
                with suppress(RuntimeError):  # the loop was closed
                    loop.call_soon_threadsafe(event.set)

            refuse_fork()
            with self._changed:
                result = self._results.popleft() if self._results else None
                if result is None:
                    if self._over():
                        return
                    self._listeners.append(wake)
            if result is not None:
                yield result
                continue
            try:
                await woken.wait()
            finally:
                with self._changed, suppress(ValueError):
                    self._listeners.remove(wake)

    @abstractmethod
    def _over(self) -> bool:
        """Whether no result will come any more. Needs the lock."""

    def _tell_change(self) -> None:
        """Wakes who waits for anything. Needs the lock."""
        self._changed.notify_all()
        for listener in self._listeners:
            listener()
        self._listeners.clear()
