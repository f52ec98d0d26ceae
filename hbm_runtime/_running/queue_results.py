"""How results of a queue are read."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from .._core import refuse_fork
from .queue_items import QueueResult
from .queue_line import Line, time_in


class ResultReader:
    """The reading half of a queue: results wait here until threads or event loops take them."""

    def __init__(self, model: str, line: Line) -> None:
        self._model = model
        self._line = line

    def get(self, timeout: float | None = None) -> QueueResult | None:
        """Waits for the next result; None when the queue is closed and empty. Raises TimeoutError after `timeout`."""
        refuse_fork()
        line, until = self._line, time_in(timeout)
        while line.wait_until(lambda: line.results or line.over, until):
            with line.lock:
                if line.results:
                    return line.results.popleft()
                if line.over:
                    return None
        raise TimeoutError(f"no result of model '{self._model}' within {timeout} s")

    def __iter__(self) -> Iterator[QueueResult]:
        """Yields results until the queue is closed and empty."""
        while (result := self.get()) is not None:
            yield result

    async def __aiter__(self) -> AsyncIterator[QueueResult]:
        """Yields results in an event loop until the queue is closed and empty. A cancelled loop loses none."""
        import asyncio  # noqa: PLC0415 (callers have imported it; importing us must stay cheap)

        loop, line = asyncio.get_running_loop(), self._line
        while True:
            woken = asyncio.Event()

            def wake(event: asyncio.Event = woken) -> None:
                with suppress(RuntimeError):  # the loop was closed
                    loop.call_soon_threadsafe(event.set)

            refuse_fork()
            with line.lock:
                result = line.results.popleft() if line.results else None
                if result is None:
                    if line.over:
                        return
                    line.listen(wake)
            if result is not None:
                yield result
                continue
            try:
                await woken.wait()
            finally:
                line.forget(wake)
