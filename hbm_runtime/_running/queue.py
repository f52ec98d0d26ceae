"""A bounded queue in front of one model."""

from __future__ import annotations

import numbers
import operator
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._core import is_forked, refuse_fork
from .._errors import (
    HbmClosedError,
    HbmDeadlineError,
    HbmError,
    HbmQueueFullError,
    HbmStateError,
    InputError,
    InputTypeError,
    OutOfResourcesError,
)
from .._observing.logging import logger
from .native import checked
from .queue_results import QueueResult, ResultReader
from .request import RequestInfo

if TYPE_CHECKING:
    from .. import _core

Policy = Literal["block", "latest", "drop_oldest", "reject"]
Reason = Literal["newer", "oldest", "rejected", "deadline", "closed", "error"]

_LINGER = 0.2
"""Seconds that a queue's thread waits for work before it ends; the next item starts another."""


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
    request: _core.Request | None = None
    error: HbmError | None = None


class InferQueue(ResultReader):
    """Runs what is submitted one after the other, and drops by a stated policy what comes too fast.

    Made by `HB_HBMRuntime.queue`. Safe to use from any thread. Results are delivered in the order in which they were
    submitted, to `on_result`, or where that is not given to the iterator, which has no limit; each drop is told to
    `on_drop` with its reason: "newer" (policy latest), "oldest" (drop_oldest), "rejected" (reject), "deadline",
    "closed", or "error" (the run failed).

    `on_result` is called on a thread of the queue, and the next item starts when it has returned: a slow consumer gets
    few and fresh results. `on_drop` is called there too, or in the `submit` or `close` that dropped the item. What they
    raise is logged.
    """

    def __init__(
        self,
        runtime: _core.Runtime,
        model: str,
        *,
        count_drop: Callable[[str, str], object],
        size: int = 4,
        policy: Policy = "block",
        on_result: Callable[[QueueResult], object] | None = None,
        on_drop: Callable[[Any, Reason, HbmError | None], object] | None = None,
    ) -> None:
        if policy not in ("block", "latest", "drop_oldest", "reject"):
            raise InputError(f"policy is {policy!r}; it must be block, latest, drop_oldest or reject")
        if operator.index(size) < 1:
            raise InputError(f"size is {size}; a queue holds at least one item")
        for name, callback in (("on_result", on_result), ("on_drop", on_drop)):
            if callback is not None and not callable(callback):
                raise TypeError(f"{name} must be callable, not {type(callback).__name__}")
        super().__init__(model)
        self._runtime = runtime
        self._count_drop = count_drop
        self._places = 1 if policy == "latest" else size
        self._policy = policy
        self._on_result = on_result
        self._on_drop = on_drop
        self._waiting: deque[_Item] = deque()
        self._running: _Item | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._submitted = 0
        self._delivered = 0
        self._dropped: dict[str, int] = {}

    @checked
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
            HbmClosedError: The queue or its runtime is closed.
            InputTypeError: The deadline is no number.
            HbmStateError: It would wait for itself: a callback of this queue, which is full and blocks.
        """
        refuse_fork()
        if deadline is not None and not isinstance(deadline, numbers.Real):
            kind = type(deadline).__name__
            raise InputTypeError(f"model '{self._model}': deadline must be a number of seconds, not {kind}")
        item = _Item(inputs, tag, deadline, time.monotonic())
        victim: _Item | None = None
        with self._changed:
            self._refuse_when_closed()
            if self._policy == "block":
                self._wait_for_place(timeout)
            full = len(self._waiting) >= self._places
            self._submitted += 1
            if full and self._policy == "reject":
                self._count("rejected")
            elif full:
                victim = self._waiting.popleft()
                self._count("newer" if self._policy == "latest" else "oldest")
            first = self._running is None and not self._waiting
            if first:
                self._running = item
            elif not (full and self._policy == "reject"):
                item.inputs = _copied(inputs)
                self._waiting.append(item)
        if victim is not None:
            self._tell_drop(victim, "newer" if self._policy == "latest" else "oldest", None)
        elif full:
            self._tell_drop(item, "rejected", None)
            raise HbmQueueFullError(f"model '{self._model}': the queue holds {self._places} items and rejects more")
        try:
            if first:
                self._begin(item)
        finally:
            self._ensure_thread()
        return True

    def _refuse_when_closed(self) -> None:
        if self._closed or self._runtime.closed:
            what = "runtime" if self._runtime.closed else "queue"
            raise HbmClosedError(f"the {what} of model '{self._model}' is closed", model=self._model)

    def _wait_for_place(self, timeout: float | None) -> None:
        if len(self._waiting) >= self._places:
            self._refuse_in_callback("submit()")
        if not self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._places, timeout):
            raise HbmQueueFullError(f"model '{self._model}': no place in the queue within {timeout} s")
        self._refuse_when_closed()

    def _refuse_in_callback(self, what: str) -> None:
        if threading.current_thread() is self._thread:
            raise HbmStateError(
                f"model '{self._model}': {what} in a callback of the same queue would wait for itself",
                model=self._model,
            )

    def _count(self, reason: str) -> None:
        self._dropped[reason] = self._dropped.get(reason, 0) + 1
        self._count_drop(self._model, reason)

    def _begin(self, item: _Item) -> None:
        try:
            item.request = self._runtime._start(item.inputs, self._model, item.deadline)
        except HbmError as error:
            item.error = error
        except MemoryError as error:
            item.error = OutOfResourcesError(f"model '{self._model}': {error}", model=self._model)
        except BaseException as error:
            item.error = InputError(f"model '{self._model}': {error}", model=self._model)
            if not isinstance(error, Exception):
                raise
        item.inputs = None

    def _ensure_thread(self) -> None:
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=f"hbm-queue-{self._model}", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, _LINGER)
                if not self._has_work():
                    self._thread = None
                    return
                begun = self._running is not None
                item = self._running or self._waiting.popleft()
                self._running = item
                self._tell_change()
            if not begun:
                self._begin(item)
            self._deliver(item)
            with self._changed:
                self._running = None
                self._tell_change()
            del item  # a thread that lingers holds no arrays

    def _has_work(self) -> bool:
        begun = self._running is not None and (self._running.request is not None or self._running.error is not None)
        return begun or (self._running is None and bool(self._waiting))

    def _deliver(self, item: _Item) -> None:
        """Waits for the request; calls back before the item counts as done, so that drain() waits for callbacks."""
        error, result = item.error, None
        if item.request is not None:
            try:
                item.request.wait(None)
                error = item.request.error()
                if error is None:
                    result = self._result_of(item, item.request)
            except MemoryError as memory:
                error = OutOfResourcesError(f"model '{self._model}': {memory}", model=self._model)
        if result is None:
            assert error is not None
            reason: Reason = (
                "deadline" if isinstance(error, HbmDeadlineError)
                else "closed" if isinstance(error, HbmClosedError)
                else "error"
            )  # fmt: skip
            self._tell_drop(item, reason, error)
            with self._changed:
                self._count(reason)
            return
        if self._on_result is not None:
            self._guarded(self._on_result, result)
        with self._changed:
            self._delivered += 1
            if self._on_result is None:
                self._results.append(result)

    def _result_of(self, item: _Item, request: _core.Request) -> QueueResult:
        info = RequestInfo(**request.infos()[0])
        return QueueResult(request.result()[self._model], item.tag, time.monotonic() - item.submitted, info)

    def _tell_drop(self, item: _Item, reason: Reason, error: HbmError | None) -> None:
        if self._on_drop is not None:
            self._guarded(self._on_drop, item.tag, reason, error)
        elif reason == "error":
            logger.error("an item of the queue of model '%s' is lost (tag %r): %s", self._model, item.tag, error)

    def _guarded(self, callback: Callable[..., object], *arguments: Any) -> None:
        try:
            callback(*arguments)
        except BaseException as error:
            # The queue's own thread has to go on whatever it is: SystemExit, asyncio.CancelledError.
            if not isinstance(error, Exception) and threading.current_thread() is not self._thread:
                raise
            logger.exception("a callback of the queue of model '%s' raised", self._model)

    def _idle(self) -> bool:
        return self._running is None and not self._waiting

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until everything that was submitted has ended. Returns False when that took longer than `timeout`.

        Raises:
            HbmStateError: It would wait for itself, in a callback of this queue.
        """
        refuse_fork()
        self._refuse_in_callback("drain()")
        with self._changed:
            return self._changed.wait_for(self._idle, timeout)

    def close(self) -> None:
        """Accepts nothing more, and drops what waits with the reason "closed"; the running item finishes."""
        if is_forked():
            return  # what waits is the parent's
        with self._changed:
            self._closed = True
            dropped = list(self._waiting)
            self._waiting.clear()
            for _ in dropped:
                self._count("closed")
            self._tell_change()
        for item in dropped:
            self._tell_drop(item, "closed", None)

    @property
    def stats(self) -> QueueStats:
        """A snapshot of the counts."""
        refuse_fork()
        with self._changed:
            running = int(self._running is not None)
            return QueueStats(self._submitted, len(self._waiting), running, self._delivered, dict(self._dropped))

    def __repr__(self) -> str:
        stats = self.stats
        state = "closed" if self._closed else self._policy
        return (
            f"<InferQueue of {self._model!r}, {state}: {stats.waiting} of {self._places} waiting, "
            f"{stats.running} running, {stats.results} results, {sum(stats.dropped.values())} dropped>"
        )

    def _over(self) -> bool:
        return self._closed and self._idle()

    def __enter__(self) -> InferQueue:
        return self

    def __exit__(self, *_: object) -> None:
        self.drain()
        self.close()


def _copied(inputs: Any) -> Any:
    """The arrays as they are now. What is no array is left for the run to refuse."""
    if isinstance(inputs, Mapping):
        return {name: _copied(value) for name, value in inputs.items()}
    if isinstance(inputs, np.ndarray) or hasattr(inputs, "__array__") or hasattr(inputs, "__array_interface__"):
        return np.array(inputs)
    if isinstance(inputs, (bytearray, memoryview)):
        return np.array(memoryview(inputs))
    return np.from_dlpack(inputs).copy() if hasattr(inputs, "__dlpack__") else inputs
