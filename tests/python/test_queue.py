"""Bounded queues: policies, drops with reasons, order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, QueueResult, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def runtime(models: ModelFactory) -> Iterator[HB_HBMRuntime]:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        yield runtime


@pytest.fixture
def busy() -> Iterator[None]:
    """The first item hangs on the device until the test releases it."""
    _core.set_faults("task:hang@1")
    yield
    let_go()


Drops = list[tuple[Any, Any]]


def test_results_come_in_the_order_of_submission(runtime: HB_HBMRuntime) -> None:
    with runtime.queue("times_2", size=3) as queue:
        for tag in range(10):
            queue.submit(X + tag, tag=tag)
    results = list(queue)
    assert [result.tag for result in results] == list(range(10))
    np.testing.assert_array_equal(results[4].outputs["y"], 2 * (X + 4))
    assert all(result.age > 0 for result in results)


def test_results_can_be_iterated_in_an_event_loop(runtime: HB_HBMRuntime) -> None:
    async def collect() -> list[QueueResult]:
        queue = runtime.queue("times_2")
        for tag in range(3):
            queue.submit(X, tag=tag)
        await asyncio.to_thread(queue.drain)
        queue.close()
        return [result async for result in queue]

    assert [result.tag for result in asyncio.run(collect())] == [0, 1, 2]


@pytest.mark.usefixtures("busy")
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


@pytest.mark.usefixtures("busy")
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


@pytest.mark.usefixtures("busy")
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


@pytest.mark.usefixtures("busy")
def test_closing_drops_what_waits(runtime: HB_HBMRuntime) -> None:
    drops: Drops = []
    queue = runtime.queue("times_2", on_drop=lambda tag, why, _: drops.append((tag, why)))
    queue.submit(X, tag=0)
    queue.submit(X, tag=1)
    queue.close()
    assert drops == [(1, "closed")]
    with pytest.raises(hbm_runtime.HbmClosedError):
        queue.submit(X)
    let_go()
    assert queue.drain(10)


def test_callbacks_that_raise_stop_nothing(runtime: HB_HBMRuntime, caplog: pytest.LogCaptureFixture) -> None:
    queue = runtime.queue("times_2", on_result=lambda _: 1 / 0)
    queue.submit(X)
    queue.submit(X)
    assert queue.drain(10)
    assert queue.stats.results == 2
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()  # its records hold the results


@pytest.mark.parametrize(("size", "policy"), [(0, "block"), (1, "newest")])
def test_wrong_settings_are_refused(runtime: HB_HBMRuntime, size: int, policy: Any) -> None:
    with pytest.raises(hbm_runtime.InputError):
        runtime.queue("times_2", size, policy)
