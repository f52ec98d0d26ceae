"""How queues end, and how threads wait for them meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory


X = np.arange(6, dtype=np.float32).reshape(2, 3)

Drops = list[tuple[Any, Any]]


@pytest.mark.usefixtures("hanging")
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


@pytest.mark.usefixtures("hanging")
def test_a_cancelled_event_loop_loses_no_result_and_leaves_no_thread_waiting(runtime: HB_HBMRuntime) -> None:
    queue = runtime.queue("times_2")
    queue.submit(X, tag=0)

    async def first() -> int:
        async for result in queue:
            return int(result.tag)
        return -1

    async def impatient() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(first(), 0.02)

    asyncio.run(impatient())  # ends at once: nothing waits in a thread of the loop
    let_go()
    assert asyncio.run(first()) == 0


def test_results_come_to_an_event_loop_while_it_waits(runtime: HB_HBMRuntime) -> None:
    queue = runtime.queue("times_2", size=2)

    async def main() -> list[int]:
        def camera() -> None:
            for tag in range(20):
                queue.submit(X, tag=tag)
            queue.drain()
            queue.close()

        thread = threading.Thread(target=camera)
        thread.start()
        tags = [result.tag async for result in queue]
        thread.join()
        return tags

    assert asyncio.run(main()) == list(range(20))


@pytest.mark.usefixtures("hanging")
def test_an_event_loop_ends_when_the_queue_is_closed(runtime: HB_HBMRuntime) -> None:
    queue = runtime.queue("times_2")
    queue.submit(X, tag=0)

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, queue.close)
        loop.call_later(0.02, let_go)
        return [result.tag async for result in queue]

    assert asyncio.run(main()) == [0]


def test_a_closed_runtime_closes_its_queues(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    queue = runtime.queue("times_2")
    queue.submit(X)
    assert queue.drain(30)
    runtime.close()
    with pytest.raises(hbm_runtime.HbmClosedError, match="runtime"):
        queue.submit(X)
    assert len(list(queue)) == 1
    queue.close()
    queue.close()


def test_closing_the_runtime_drops_what_waits_and_lets_readers_go(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    drops: Drops = []
    queue = runtime.queue("times_2", on_drop=lambda tag, reason, _: drops.append((tag, reason)))
    _core.set_faults("task:hang@1")
    for tag in range(3):
        queue.submit(X, tag=tag)
    read: list[Any] = []

    async def read_in_a_loop() -> None:
        read.extend([result.tag async for result in queue])

    readers = [
        threading.Thread(target=lambda: read.extend(result.tag for result in queue), daemon=True),
        threading.Thread(target=lambda: asyncio.run(read_in_a_loop()), daemon=True),
    ]
    for reader in readers:
        reader.start()
    runtime.close()
    assert drops == [(1, "closed"), (2, "closed")]
    let_go()
    for reader in readers:
        reader.join(30)
    assert not any(reader.is_alive() for reader in readers)
    assert read == [0]  # the running item finished


@pytest.mark.usefixtures("hanging")
def test_closing_wakes_who_waits_for_a_place(runtime: HB_HBMRuntime) -> None:
    queue = runtime.queue("times_2", size=1)
    queue.submit(X)
    queue.submit(X)
    errors: list[BaseException] = []

    def blocked() -> None:
        try:
            queue.submit(X)
        except hbm_runtime.HbmClosedError as error:
            errors.append(error)

    thread = threading.Thread(target=blocked)
    thread.start()
    time.sleep(0.01)
    queue.close()
    thread.join(30)
    assert len(errors) == 1
    let_go()


def test_a_reader_gives_up_after_its_time(runtime: HB_HBMRuntime) -> None:
    queue = runtime.queue("times_2")
    with pytest.raises(TimeoutError):
        queue.get(0.01)
    queue.submit(X, tag=7)
    result = queue.get(30)
    assert result is not None
    assert result.tag == 7
    queue.close()
    assert queue.get() is None
