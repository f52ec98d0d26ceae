"""A bounded queue in front of one model."""

from __future__ import annotations

import numbers
import operator
import threading
import time
from collections.abc import Callable
from typing import Any

from .. import _core
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
from .._signals import signals_blocked
from .native import checked
from .queue_items import Policy, QueueResult, QueueStats, Reason
from .queue_line import Item, Line, time_in
from .queue_results import ResultReader
from .request_info import RequestInfo

_LINGER = 0.2  # seconds that a queue's thread waits for work before it ends; the next item starts another


class InferQueue(ResultReader):
    """Runs submitted items one after the other, and drops items by its policy when they come too fast.

    Made by `HB_HBMRuntime.queue`. Safe to use from any thread. Results are delivered in the order of submission, to
    `on_result`, or if that is not given by iterating over the queue, which keeps any number of them. `on_drop` is
    called for each dropped item with the reason: "newer" (policy latest), "oldest" (drop_oldest), "rejected" (reject),
    "deadline", "closed", or "error" (the run failed).

    `on_result` is called on a thread of the queue, and the next item starts when it has returned: a slow consumer gets
    fewer, recent results. `on_drop` is called there too, or in the `submit` or `close` that dropped the item.
    Exceptions that they raise are logged.
    """

    __module__ = "hbm_runtime"

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
        self._places = 1 if policy == "latest" else size
        super().__init__(model, Line(self._places, policy))
        self._runtime = runtime
        self._count_drop = count_drop
        self._policy = policy
        self._on_result = on_result
        self._on_drop = on_drop
        self._thread: threading.Thread | None = None

    @checked
    def submit(
        self, inputs: Any, *, deadline: float | None = None, tag: Any = None, timeout: float | None = None
    ) -> bool:
        """Submits inputs for the model, as `run` takes them. They are copied, and may be overwritten at once.

        Args:
            inputs: An array or a dict of arrays by input name.
            deadline: A time of `time.monotonic` after which the item is not run any more.
            tag: Anything; it comes back with the result or the drop.
            timeout: Seconds to wait for a place with the policy "block".

        Returns:
            True if this item itself was accepted; with the policy "reject" a full queue raises instead.

        Raises:
            HbmQueueFullError: The queue is full and rejects, or "block" had no place in time.
            HbmClosedError: The queue or its runtime is closed.
            InputTypeError: The deadline is no number.
            HbmStateError: It was called in a callback of this queue, which is full and blocks.
            OutOfResourcesError: The queue's thread cannot be started; the item was not taken.
        """
        _core.refuse_fork()
        if deadline is not None and not isinstance(deadline, numbers.Real):
            kind = type(deadline).__name__
            raise InputTypeError(f"model '{self._model}': deadline must be a number of seconds, not {kind}")
        item = Item(inputs, tag, deadline)
        try:
            accepted = self._place(item, time_in(timeout), timeout)
            if not accepted:
                self._tell_drop(item, "rejected", None)
                raise HbmQueueFullError(f"model '{self._model}': the queue holds {self._places} items and rejects more")
            self._tell_who_gave_way(item)
            if self._line.running is item:
                self._begin(item)
            self._ensure_thread()
        except BaseException as error:  # Ctrl-C, too
            self._undo(item, no_thread=isinstance(error, OutOfResourcesError))
            raise
        return True

    def _place(self, item: Item, until: float | None, timeout: float | None) -> bool:
        line = self._line
        while True:
            with line.lock:
                self._refuse_when_closed()
                if not line.full or self._policy != "block":
                    return line.add(item)
                self._refuse_in_callback("submit()")
            if not line.wait_until(lambda: line.closed or not line.full, until):
                raise HbmQueueFullError(f"model '{self._model}': no place in the queue within {timeout} s")

    def _undo(self, item: Item, *, no_thread: bool) -> None:
        """After submit() was ended early: the item was not submitted, or it is as good as any other one."""
        if item.gave_way is not None and item.gave_way not in self._line.waiting:
            self._tell_who_gave_way(item)
        else:
            self._line.take_out(item, begun=no_thread)
            if no_thread and item.request is not None:
                item.request.abandon()
        if not no_thread:
            self._ensure_thread()

    def _tell_who_gave_way(self, item: Item) -> None:
        if item.gave_way is not None:
            self._tell_drop(item.gave_way, self._line.reason_to_give_way, None)

    def _refuse_when_closed(self) -> None:
        if self._line.closed or self._runtime.closed:
            what = "runtime" if self._runtime.closed else "queue"
            raise HbmClosedError(f"the {what} of model '{self._model}' is closed", model=self._model)

    def _refuse_in_callback(self, what: str) -> None:
        if self._on_own_thread():
            message = f"model '{self._model}': {what} in a callback of the same queue would wait for itself"
            raise HbmStateError(message, model=self._model)

    def _on_own_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def _begin(self, item: Item) -> None:
        try:
            item.request = self._runtime._start(item.inputs, self._model, item.deadline)
        except HbmError as error:
            item.error = error
        except MemoryError as error:
            item.error = OutOfResourcesError(f"model '{self._model}': {error}", model=self._model)
        except BaseException as error:
            if not isinstance(error, Exception) and not self._on_own_thread():
                raise
            item.error = InputError(f"model '{self._model}': {error}", model=self._model)
        item.inputs = None

    def _ensure_thread(self) -> None:
        """Starts the queue's thread where there is work and no thread.

        Raises:
            OutOfResourcesError: The system allows no more threads.
        """
        with self._line.lock:
            if not self._line.has_work:
                return
            self._line.tell_change()
            if self._thread is not None and self._thread.is_alive():
                return
            # It is noted first: a thread that is not the noted one ends by itself, wherever Ctrl-C strikes in here.
            self._thread = threading.Thread(target=self._work, name=f"hbm-queue-{self._model}", daemon=True)
            try:
                with signals_blocked():
                    self._thread.start()
            except RuntimeError as error:
                raise OutOfResourcesError(f"model '{self._model}', queue: {error}", model=self._model) from None

    def _work(self) -> None:
        while (item := self._next()) is not None:
            if not item.begun:
                self._begin(item)
            self._end(item)
            del item  # a thread that lingers holds no arrays

    def _next(self) -> Item | None:
        line = self._line
        line.wait_until(lambda: line.has_work, time_in(_LINGER))
        with line.lock:
            if not self._on_own_thread():
                return None
            if not line.has_work:
                self._thread = None
                return None
            return line.next()

    def _end(self, item: Item) -> None:
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
            self._line.drop_running(reason)
            return
        if self._on_result is not None:
            self._guarded(self._on_result, result)
        self._line.deliver_running(result if self._on_result is None else None)

    def _result_of(self, item: Item, request: _core.Request) -> QueueResult:
        info = RequestInfo(*request.infos()[0])
        return QueueResult(request.result()[self._model], item.tag, time.monotonic() - item.submitted, info)

    def _tell_drop(self, item: Item, reason: Reason, error: HbmError | None) -> None:
        if item.reported:
            return
        item.reported = True
        self._count_drop(self._model, reason)
        if self._on_drop is not None:
            self._guarded(self._on_drop, item.tag, reason, error)
        elif reason == "error":
            logger.error("an item of the queue of model '%s' is lost (tag %r): %s", self._model, item.tag, error)

    def _guarded(self, callback: Callable[..., object], *arguments: Any) -> None:
        try:
            callback(*arguments)
        except BaseException as error:
            # The queue's own thread has to go on whatever it is: SystemExit, asyncio.CancelledError.
            if not isinstance(error, Exception) and not self._on_own_thread():
                raise
            logger.exception("a callback of the queue of model '%s' raised", self._model)

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until all submitted items have ended. Returns False when that takes longer than `timeout` seconds.

        Raises:
            HbmStateError: It was called in a callback of this queue.
        """
        _core.refuse_fork()
        self._refuse_in_callback("drain()")
        self._ensure_thread()
        return self._line.wait_until(lambda: self._line.idle, time_in(timeout))

    def close(self) -> None:
        """Accepts no more items, and drops those that wait with the reason "closed"; the running item finishes."""
        if _core.is_forked():
            return  # what waits is the parent's
        dropped = self._line.close()
        try:
            for item in dropped:
                self._tell_drop(item, "closed", None)
        except BaseException:  # Ctrl-C: those that were not reported yet
            for item in dropped:
                self._tell_drop(item, "closed", None)
            raise

    @property
    def stats(self) -> QueueStats:
        """Returns a snapshot of the counts."""
        _core.refuse_fork()
        return self._line.stats()

    def __repr__(self) -> str:
        stats = self.stats
        state = "closed" if self._line.closed else self._policy
        return (
            f"<InferQueue of {self._model!r}, {state}: {stats.waiting} of {self._places} waiting, "
            f"{stats.running} running, {stats.results} results, {sum(stats.dropped.values())} dropped>"
        )

    def __enter__(self) -> InferQueue:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.drain()
        finally:
            self.close()
