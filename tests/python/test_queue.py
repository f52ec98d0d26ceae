"""Bounded queues: policies, drops with reasons, order."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, QueueResult

if TYPE_CHECKING:
    pass

X = np.arange(6, dtype=np.float32).reshape(2, 3)

Drops = list[tuple[Any, Any]]


def test_results_come_in_the_order_of_submission(runtime: HB_HBMRuntime) -> None:
    with runtime.queue("times_2", size=3) as queue:
        for tag in range(10):
            queue.submit(X + tag, tag=tag)
    results = list(queue)
    assert [result.tag for result in results] == list(range(10))
    np.testing.assert_array_equal(results[4].outputs["y"], 2 * (X + 4))
    assert all(result.age > 0 for result in results)
    assert all(result.info.model == "times_2" and result.info.done_ns > 0 for result in results)


def test_results_can_be_iterated_in_an_event_loop(runtime: HB_HBMRuntime) -> None:
    async def collect() -> list[QueueResult]:
        queue = runtime.queue("times_2")
        for tag in range(3):
            queue.submit(X, tag=tag)
        await asyncio.to_thread(queue.drain)
        queue.close()
        return [result async for result in queue]

    assert [result.tag for result in asyncio.run(collect())] == [0, 1, 2]


class Unshowable:
    """A tag that cannot be shown."""

    def __repr__(self) -> str:
        raise LookupError


@pytest.mark.usefixtures("hanging")
def test_a_tag_need_not_be_shown(runtime: HB_HBMRuntime) -> None:
    with runtime.queue("times_2", size=1, policy="reject") as queue:
        queue.submit(X)
        queue.submit(X)
        with pytest.raises(hbm_runtime.HbmQueueFullError):
            queue.submit(X, tag=Unshowable())
        let_go()


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize(
    ("policy", "kept", "reason"),
    [("latest", [0, 4], "newer"), ("drop_oldest", [0, 3, 4], "oldest")],
)
def test_a_full_queue_drops_by_its_policy(runtime: HB_HBMRuntime, policy: Any, kept: list[int], reason: str) -> None:
    results: list[int] = []
    drops: Drops = []
    queue = runtime.queue(
        "times_2",
        size=2,
        policy=policy,
        on_result=lambda result: results.append(result.tag),
        on_drop=lambda tag, why, _: drops.append((tag, why)),
    )
    for tag in range(5):
        queue.submit(X, tag=tag)
    let_go()
    assert queue.drain(10)
    assert results == kept
    assert drops == [(tag, reason) for tag in range(5) if tag not in kept]
    stats = queue.stats
    assert (stats.submitted, stats.results, stats.dropped) == (5, len(kept), {reason: len(drops)})


@pytest.mark.usefixtures("hanging")
def test_a_full_queue_may_reject(runtime: HB_HBMRuntime) -> None:
    drops: Drops = []
    queue = runtime.queue("times_2", size=1, policy="reject", on_drop=lambda tag, why, _: drops.append((tag, why)))
    queue.submit(X, tag=0)
    queue.submit(X, tag=1)
    with pytest.raises(hbm_runtime.HbmQueueFullError):
        queue.submit(X, tag=2)
    assert drops == [(2, "rejected")]
    let_go()
    assert queue.drain(10)


@pytest.mark.usefixtures("hanging")
def test_a_full_queue_blocks_until_there_is_a_place(runtime: HB_HBMRuntime) -> None:
    queue = runtime.queue("times_2", size=1)
    queue.submit(X)
    queue.submit(X)
    with pytest.raises(hbm_runtime.HbmQueueFullError, match="within"):
        queue.submit(X, timeout=0.02)
    blocked = threading.Thread(target=queue.submit, args=(X,))
    blocked.start()
    time.sleep(0.02)
    assert blocked.is_alive()
    let_go()
    blocked.join(10)
    assert queue.drain(10)
    assert queue.stats.results == 3


def test_what_is_too_late_is_dropped_unrun(runtime: HB_HBMRuntime) -> None:
    drops: Drops = []
    queue = runtime.queue("times_2", on_drop=lambda _, why, error: drops.append((why, type(error))))
    queue.submit(X, deadline=time.monotonic() - 1)
    assert queue.drain(10)
    assert drops == [("deadline", hbm_runtime.HbmDeadlineError)]


def test_wrong_inputs_are_drops_with_their_error(runtime: HB_HBMRuntime) -> None:
    drops: Drops = []
    queue = runtime.queue("times_2", on_drop=lambda _, why, error: drops.append((why, type(error))))
    queue.submit(X[0])
    queue.submit(X)
    assert queue.drain(10)
    assert drops == [("error", hbm_runtime.ShapeError)]
    assert queue.stats.results == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError, SystemExit])
def test_callbacks_that_raise_stop_nothing(
    runtime: HB_HBMRuntime, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    def fail(*_: object) -> None:
        raise error

    queue = runtime.queue("times_2", on_result=fail, on_drop=fail)
    queue.submit(X)
    queue.submit(X, deadline=0.0)
    queue.submit(X)
    assert queue.drain(10)
    assert (queue.stats.results, queue.stats.dropped) == (2, {"deadline": 1})
    assert caplog.text.count(f"{error.__name__}\n") >= 3
    caplog.clear()  # its records hold the results


@pytest.mark.parametrize(("size", "policy"), [(0, "block"), (1, "newest")])
def test_wrong_settings_are_refused(runtime: HB_HBMRuntime, size: int, policy: Any) -> None:
    with pytest.raises(hbm_runtime.InputError):
        runtime.queue("times_2", size, policy)


@pytest.mark.parametrize(("keywords", "error"), [({"size": 1.5}, TypeError), ({"on_result": 3}, TypeError)])
def test_settings_of_wrong_types(runtime: HB_HBMRuntime, keywords: Any, error: Any) -> None:
    with pytest.raises(error):
        runtime.queue("times_2", **keywords)


def test_a_deadline_that_is_no_number_is_refused_at_once(runtime: HB_HBMRuntime) -> None:
    with runtime.queue("times_2") as queue:
        with pytest.raises(hbm_runtime.InputTypeError, match="deadline must be a number of seconds, not str"):
            queue.submit(X, deadline="soon")  # type: ignore[arg-type]
        assert queue.submit(X, deadline=np.float32(1e9))  # type: ignore[arg-type] # any real number
        queue.drain()
        assert (queue.stats.submitted, queue.stats.results) == (1, 1)


def test_a_queue_that_would_wait_for_itself_says_so(runtime: HB_HBMRuntime) -> None:
    errors: list[type[BaseException]] = []

    def misuse(_: QueueResult) -> None:
        if errors:
            return
        queue.submit(X)  # takes the only place
        waits: list[Callable[[], object]] = [lambda: queue.submit(X), queue.drain]
        for wait in waits:
            with pytest.raises(hbm_runtime.HbmStateError, match="wait for itself") as caught:
                wait()
            errors.append(caught.type)

    queue = runtime.queue("times_2", size=1, on_result=misuse)
    queue.submit(X)
    deadline = time.monotonic() + 30
    while len(errors) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    queue.close()
    assert errors == [hbm_runtime.HbmStateError] * 2


def test_queues_can_be_chained_by_their_callbacks(runtime: HB_HBMRuntime) -> None:
    """The second is full most of the time and blocks the first one's callback, but nothing else."""
    values: list[float] = []

    def second_result(result: QueueResult) -> None:
        time.sleep(0.002)
        values.append(float(result.outputs["y"][0, 1]))

    second = runtime.queue("times_2", size=1, on_result=second_result)
    first = runtime.queue("times_2", size=1, on_result=lambda result: second.submit(result.outputs["y"]))
    other = runtime.run_async(X, "times_2")
    for _ in range(20):
        first.submit(X)
    assert first.drain(30)
    assert second.drain(30)
    assert values == [4.0] * 20
    assert other.done()


class Broken:
    """Looks like an array until it is used."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise LookupError("broken")


@pytest.mark.parametrize("wrong", [Broken(), [1, 2], {"x": X, "z": X}, None], ids=["raises", "list", "names", "None"])
def test_whatever_is_submitted_ends_as_one_result_or_drop(runtime: HB_HBMRuntime, wrong: Any) -> None:
    drops: Drops = []
    queue = runtime.queue("times_2", on_drop=lambda tag, _, error: drops.append((tag, type(error))))
    queue.submit(wrong, tag=1)
    queue.submit(X, tag=2)
    assert queue.drain(30)
    assert drops == [(1, hbm_runtime.InputError)]
    stats = queue.stats
    assert (stats.submitted, stats.results, stats.dropped) == (2, 1, {"error": 1})


@pytest.mark.usefixtures("hanging")
def test_inputs_may_be_overwritten_while_they_wait(runtime: HB_HBMRuntime) -> None:
    x = X.copy()
    buffer = bytearray(X.tobytes())
    device = runtime["times_2"].empty_inputs()["x"]
    device[...] = X
    queue = runtime.queue("times_2", size=3)
    for inputs in (x, {"x": x}, {"x": memoryview(buffer).cast("f", (2, 3))}, device):
        queue.submit(inputs)
    x[...] = device[...] = -1
    buffer[:] = bytes(len(buffer))
    let_go()
    assert queue.drain(30)
    queue.close()
    for result in queue:
        np.testing.assert_array_equal(result.outputs["y"], 2 * X)


@pytest.mark.parametrize("policy", ["block", "latest", "drop_oldest", "reject"])
def test_every_item_of_many_submitters_ends_once(runtime: HB_HBMRuntime, policy: Any) -> None:
    ends: list[int] = []
    queue = runtime.queue(
        "times_2",
        size=2,
        policy=policy,
        on_result=lambda result: ends.append(result.tag),
        on_drop=lambda tag, _, __: ends.append(tag),
    )

    def camera(number: int) -> None:
        for i in range(100):
            with contextlib.suppress(hbm_runtime.HbmQueueFullError):
                queue.submit(X, tag=number * 100 + i, deadline=time.monotonic() + (0 if i % 10 == 9 else 60))

    threads = [threading.Thread(target=camera, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queue.drain(60)
    assert sorted(ends) == list(range(300))
    stats = queue.stats
    assert stats.submitted == 300 == stats.results + sum(stats.dropped.values())
    assert (stats.waiting, stats.running) == (0, 0)
