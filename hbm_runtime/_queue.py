"""A bounded queue in front of one model."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._errors import HbmClosedError, HbmDeadlineError, HbmError, HbmQueueFullError, InputError
from ._request import InferRequest

if TYPE_CHECKING:
    from ._runtime import HB_HBMRuntime

Policy = Literal["block", "latest", "drop_oldest", "reject"]
Reason = Literal["newer", "oldest", "rejected", "deadline", "closed", "error"]


@dataclass(frozen=True)
class QueueResult:
    """One result of a queue.

    Attributes:
        outputs: Arrays by output name.
        tag: What was given to `submit`.
        age: Seconds from `submit` to the result.
    """

    outputs: dict[str, NDArray[Any]]
    tag: Any
    age: float


@dataclass
class QueueStats:
    """Counts of a queue. Every item that was submitted is in exactly one of `results`, `dropped` and the two others."""

    submitted: int
    waiting: int
    running: int
    results: int
    dropped: dict[str, int]


@dataclass
class _Item:
    inputs: Any
    tag: Any
    deadline: float | None
    submitted: float


class InferQueue:
    """Runs what is submitted one after the other, and drops by a stated policy what comes too fast.

    Made by `HB_HBMRuntime.queue`. Safe to use from any thread. Results are delivered in the order in which they were
    submitted, to `on_result`, or where that is not given to the iterator; each drop is told to `on_drop` with its
    reason: "newer" (policy latest), "oldest" (drop_oldest), "rejected" (reject), "deadline", "closed", or "error" (the
    run failed).

    The callbacks are called from a thread of this package, one at a time.
    """

    def __init__(
        self,
        runtime: HB_HBMRuntime,
        model: str,
        *,
        size: int = 4,
        policy: Policy = "block",
        on_result: Callable[[QueueResult], object] | None = None,
        on_drop: Callable[[Any, Reason, HbmError | None], object] | None = None,
    ) -> None:
        if policy not in ("block", "latest", "drop_oldest", "reject"):
            raise InputError(f"policy is {policy!r}; it must be block, latest, drop_oldest or reject")
        if size < 1:
            raise InputError(f"size is {size}; a queue holds at least one item")
        self._runtime = runtime
        self._model = runtime.model(model).name
        self._places = 1 if policy == "latest" else size
        self._policy = policy
        self._on_result = on_result
        self._on_drop = on_drop
        self._changed = threading.Condition()
        self._waiting: deque[_Item] = deque()
        self._running = False
        self._closed = False
        self._results: deque[QueueResult] = deque()
        self._submitted = 0
        self._delivered = 0
        self._dropped: dict[str, int] = {}

    def submit(
        self, inputs: Any, *, deadline: float | None = None, tag: Any = None, timeout: float | None = None
    ) -> bool:
        """Adds inputs for the model: what `run` takes. They are copied, and may be overwritten at once.

        Args:
            inputs: An array or a dict of arrays by input name.
            deadline: A time of `time.monotonic` after which the item is not run any more.
            tag: Anything; it comes back with the result or the drop.
            timeout: Seconds to wait for a place with the policy "block".

        Returns:
            Whether this item itself was accepted; with the policy "reject" a full queue raises instead.

        Raises:
            HbmQueueFullError: The queue is full and rejects, or "block" had no place in time.
            HbmClosedError: The queue is closed.
        """
        item = _Item(_copied(inputs), tag, deadline, time.monotonic())
        dropped: list[tuple[_Item, Reason]] = []
        with self._changed:
            self._refuse_when_closed()
            full = len(self._waiting) >= self._places
            if full and self._policy == "block":
                until = None if timeout is None else time.monotonic() + timeout
                while len(self._waiting) >= self._places:
                    left = None if until is None else until - time.monotonic()
                    if not self._changed.wait(left) and until is not None and time.monotonic() >= until:
                        raise HbmQueueFullError(f"model '{self._model}': no place in the queue within {timeout} s")
                    self._refuse_when_closed()
            elif full and self._policy == "reject":
                self._submitted += 1
                self._count("rejected")
                dropped.append((item, "rejected"))
            elif full:
                dropped.append((self._waiting.popleft(), "newer" if self._policy == "latest" else "oldest"))
                self._count(dropped[-1][1])
            if not dropped or dropped[-1][0] is not item:
                self._submitted += 1
                self._waiting.append(item)
        for victim, reason in dropped:
            self._tell_drop(victim, reason, None)
        if self._policy == "reject" and dropped:
            raise HbmQueueFullError(f"model '{self._model}': the queue holds {self._places} items and rejects more")
        self._advance()
        return True

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise HbmClosedError(f"the queue of model '{self._model}' is closed", model=self._model)

    def _count(self, reason: str) -> None:
        self._dropped[reason] = self._dropped.get(reason, 0) + 1
        self._runtime._drops.add(self._model, reason)

    def _advance(self) -> None:
        """Starts the next item if none is running."""
        while True:
            with self._changed:
                if self._running or not self._waiting:
                    return
                item = self._waiting.popleft()
                self._running = True
                self._changed.notify_all()
            try:
                request = self._runtime.run_async(item.inputs, self._model, deadline=item.deadline)
            except (HbmError, TypeError) as error:
                failure = error if isinstance(error, HbmError) else InputError(str(error))
                self._finish(item, None, failure)
                continue
            request.add_done_callback(lambda done, item=item: self._on_done(done, item))  # type: ignore[misc]
            return

    def _on_done(self, request: InferRequest, item: _Item) -> None:
        error = request._request.error()
        self._finish(item, None if error is not None else request.result()[self._model], error)
        self._advance()

    def _finish(self, item: _Item, outputs: dict[str, NDArray[Any]] | None, error: HbmError | None) -> None:
        # Callbacks run before the item counts as done, so that drain() waits for them.
        if outputs is None:
            reason: Reason = "deadline" if isinstance(error, HbmDeadlineError) else "error"
            self._tell_drop(item, reason, error)
            with self._changed:
                self._count(reason)
        else:
            result = QueueResult(outputs, item.tag, time.monotonic() - item.submitted)
            if self._on_result is not None:
                self._guarded(self._on_result, result)
            with self._changed:
                self._delivered += 1
                if self._on_result is None:
                    self._results.append(result)
        with self._changed:
            self._running = False
            self._changed.notify_all()

    def _tell_drop(self, item: _Item, reason: Reason, error: HbmError | None) -> None:
        if self._on_drop is not None:
            self._guarded(self._on_drop, item.tag, reason, error)

    def _guarded(self, callback: Callable[..., object], *arguments: Any) -> None:
        from ._logging import logger  # noqa: PLC0415

        try:
            callback(*arguments)
        except Exception:
            logger.exception("a callback of the queue of model '%s' raised", self._model)

    def _idle(self) -> bool:
        return not self._running and not self._waiting

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until everything that was submitted has ended. Returns False when that took longer than `timeout`."""
        with self._changed:
            return self._changed.wait_for(self._idle, timeout)

    def close(self) -> None:
        """Accepts nothing more, and drops what waits with the reason "closed"; the running item finishes."""
        with self._changed:
            self._closed = True
            dropped = list(self._waiting)
            self._waiting.clear()
            for _ in dropped:
                self._count("closed")
            self._changed.notify_all()
        for item in dropped:
            self._tell_drop(item, "closed", None)

    @property
    def stats(self) -> QueueStats:
        """A snapshot of the counts."""
        with self._changed:
            return QueueStats(
                self._submitted, len(self._waiting), int(self._running), self._delivered, dict(self._dropped)
            )

    def get(self, timeout: float | None = None) -> QueueResult | None:
        """Waits for the next result; None when the queue is closed and empty. Raises TimeoutError after `timeout`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._results or (self._closed and self._idle()), timeout):
                raise TimeoutError(f"no result of model '{self._model}' within {timeout} s")
            return self._results.popleft() if self._results else None

    def __iter__(self) -> Iterator[QueueResult]:
        """Yields results until the queue is closed and empty."""
        while (result := self.get()) is not None:
            yield result

    async def __aiter__(self) -> AsyncIterator[QueueResult]:
        """Yields results in an event loop until the queue is closed and empty."""
        while (result := await asyncio.to_thread(self.get)) is not None:
            yield result

    def __enter__(self) -> InferQueue:
        return self

    def __exit__(self, *_: object) -> None:
        self.drain()
        self.close()


def _copied(inputs: Any) -> Any:
    if isinstance(inputs, dict):
        return {name: _copied(value) for name, value in inputs.items()}
    return np.array(inputs) if isinstance(inputs, np.ndarray) else inputs
