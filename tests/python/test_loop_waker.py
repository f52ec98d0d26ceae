"""Event loops that wait for requests: many at a time, several loops, loops of another kind, loops that end early."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from typing import Any

import numpy as np
import pytest
from support.live import let_go
from support.threads import in_parallel

from hbm_runtime import HB_HBMRuntime, _core

X = np.arange(6, dtype=np.float32).reshape(2, 3)


async def many(runtime: HB_HBMRuntime, count: int) -> None:
    requests = [runtime.run_async(X + number, "times_2") for number in range(count)]
    for number, result in enumerate(await asyncio.gather(*(wait_for(request) for request in requests))):
        np.testing.assert_array_equal(result["times_2"]["y"], 2 * (X + number))


async def wait_for(request: Any) -> Any:
    return await request


def test_many_requests_wake_one_loop(runtime: HB_HBMRuntime) -> None:
    asyncio.run(many(runtime, 100))


def test_several_loops_have_their_own(runtime: HB_HBMRuntime) -> None:
    in_parallel(lambda _: asyncio.run(many(runtime, 20)), range(4))


def test_a_request_of_several_models_wakes_when_the_last_has_ended(runtime: HB_HBMRuntime) -> None:
    both = {"times_2": {"x": X}, "times_3": {"x": X}}

    async def main() -> Any:
        return await runtime.run_async(both)

    assert set(asyncio.run(main())) == {"times_2", "times_3"}


def test_two_tasks_may_await_one_request(runtime: HB_HBMRuntime) -> None:
    async def main() -> Any:
        request = runtime.run_async(X, "times_2")
        return await asyncio.gather(wait_for(request), wait_for(request))

    first, second = asyncio.run(main())
    assert first["times_2"]["y"] is second["times_2"]["y"]


def test_a_loop_that_watches_no_descriptors_works_too(runtime: HB_HBMRuntime) -> None:
    class Limited(asyncio.SelectorEventLoop):
        def add_reader(self, fd: Any, callback: Any, *args: Any) -> None:  # type: ignore[override]
            if callback.__qualname__.startswith("_LoopWaker"):
                raise NotImplementedError
            super().add_reader(fd, callback, *args)

    loop = Limited()
    try:
        loop.run_until_complete(many(runtime, 10))
    finally:
        loop.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_may_end_before_its_request(runtime: HB_HBMRuntime) -> None:
    _core.set_faults("task:hang@1")
    try:
        loop = asyncio.new_event_loop()
        task = loop.create_task(wait_for(runtime.run_async(X, "times_2")))
        loop.run_until_complete(asyncio.sleep(0.01))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()
        del loop, task
        gc.collect()
    finally:
        let_go()
    asyncio.run(many(runtime, 3))


def test_loops_leave_no_descriptors_behind(runtime: HB_HBMRuntime) -> None:
    asyncio.run(many(runtime, 1))
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        asyncio.run(many(runtime, 1))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_the_loop_goes_on_while_it_waits(runtime: HB_HBMRuntime) -> None:
    _core.set_faults("task:hang@1")

    async def main() -> int:
        waiting = asyncio.create_task(wait_for(runtime.run_async(X, "times_2")))
        ticks = 0
        while not waiting.done():
            await asyncio.sleep(0.001)
            ticks += 1
            if ticks == 10:
                threading.Thread(target=let_go).start()
        await waiting
        return ticks

    try:
        assert asyncio.run(main()) >= 10
    finally:
        let_go()
