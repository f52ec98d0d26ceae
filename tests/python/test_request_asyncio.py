"""Requests in event loops."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    pass

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_request_can_be_awaited(runtime: HB_HBMRuntime) -> None:
    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(runtime.run_async(X, "times_2"), runtime.run_async(X, "times_3"))

    first, second = asyncio.run(both())
    np.testing.assert_array_equal(first["times_2"]["y"] + X, second["times_3"]["y"])


def test_asyncio_s_own_functions_take_requests(runtime: HB_HBMRuntime) -> None:
    def start() -> hbm_runtime.InferRequest:
        return runtime.run_async(X, "times_2")

    async def coroutine() -> Any:
        return await start()

    async def main() -> list[Any]:
        results = [await asyncio.wait_for(start(), 30), await asyncio.shield(start())]
        results += [await each for each in asyncio.as_completed([start(), start()])]
        done, _ = await asyncio.wait([asyncio.ensure_future(start()), asyncio.wrap_future(start())])
        results += [each.result() for each in done]
        results.append(await asyncio.create_task(coroutine()))
        if sys.version_info >= (3, 11):
            async with asyncio.timeout(30), asyncio.TaskGroup() as group:
                task = group.create_task(coroutine())
                results.append(await start())
            results.append(task.result())
        return results

    results = asyncio.run(main())
    assert len(results) >= 7
    for result in results:
        np.testing.assert_array_equal(result["times_2"]["y"], 2 * X)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before Python 3.11 asyncio.wait() makes futures by itself")
@pytest.mark.usefixtures("hanging")
def test_asyncio_wait_says_what_it_needs_instead_of_waiting_forever(runtime: HB_HBMRuntime) -> None:
    async def main() -> None:
        request = runtime.run_async(X, "times_2")
        for timeout in (0.01, None):
            with pytest.raises(hbm_runtime.InputTypeError, match="ensure_future"):
                await asyncio.wait_for(asyncio.wait([request], timeout=timeout), 5)  # type: ignore[type-var]
        let_go()
        await request

    asyncio.run(main())


def test_an_ended_request_can_be_awaited_again_and_again(runtime: HB_HBMRuntime) -> None:
    async def main() -> bool:
        request = runtime.run_async(X, "times_2")
        return (await request) is (await request) is request.result()

    assert asyncio.run(main())


def test_several_tasks_await_one_request(runtime: HB_HBMRuntime) -> None:
    async def main() -> list[Any]:
        request = runtime.run_async(X, "times_2")

        async def wait() -> Any:
            return await request

        return await asyncio.gather(*(wait() for _ in range(5)))

    results = asyncio.run(main())
    assert all(result is results[0] for result in results)


def test_an_error_of_the_request_is_raised_in_the_awaiting_task(runtime: HB_HBMRuntime) -> None:
    async def main() -> None:
        with pytest.raises(hbm_runtime.HbmDeadlineError):
            await runtime.run_async(X, "times_2", deadline=time.monotonic() - 1)

    asyncio.run(main())


@pytest.mark.usefixtures("hanging")
def test_a_time_out_of_the_awaiting_task_abandons_a_running_request(runtime: HB_HBMRuntime) -> None:
    async def main() -> None:
        request = runtime.run_async(X, "times_2")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(request, 0.02)
        assert request.cancelled()

    asyncio.run(main())


def test_cancelling_the_awaiting_task_takes_a_queued_request_back(runtime: HB_HBMRuntime) -> None:
    async def wait(request: hbm_runtime.InferRequest) -> Any:
        return await request

    async def main() -> None:
        requests = [runtime.run_async(X, "times_2") for _ in range(33)]
        assert requests[-1].status == "queued"
        task = asyncio.create_task(wait(requests[-1]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert requests[-1].cancelled()
        assert isinstance(info := requests[-1].info, hbm_runtime.RequestInfo)
        assert info.submit_ns == 0
        let_go()
        await asyncio.gather(*requests[:-1])

    _core.set_faults("task:hang")
    try:
        asyncio.run(main())
    finally:
        let_go()


@pytest.mark.usefixtures("hanging")
def test_a_task_that_is_cancelled_before_it_began_leaves_the_request_alone(runtime: HB_HBMRuntime) -> None:
    async def wait(request: hbm_runtime.InferRequest) -> Any:
        return await request

    async def main() -> None:
        request = runtime.run_async(X, "times_2")
        task = asyncio.create_task(wait(request))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert request.running()
        let_go()
        await request

    asyncio.run(main())


@pytest.mark.usefixtures("hanging")
def test_a_request_that_somebody_else_cancels_does_not_look_like_a_cancelled_task(runtime: HB_HBMRuntime) -> None:
    async def main() -> None:
        request = runtime.run_async(X, "times_2")
        asyncio.get_running_loop().call_later(0.01, request.abandon)
        with pytest.raises(hbm_runtime.HbmCancelledError) as caught:
            await request
        assert not isinstance(caught.value, asyncio.CancelledError)

    asyncio.run(main())


@pytest.mark.usefixtures("hanging")
def test_a_shielded_request_goes_on(runtime: HB_HBMRuntime) -> None:
    async def main() -> Any:
        request = runtime.run_async(X, "times_2")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(request), 0.02)
        assert request.running()
        let_go()
        return await request

    np.testing.assert_array_equal(asyncio.run(main())["times_2"]["y"], 2 * X)


@pytest.mark.usefixtures("hanging")
def test_a_loop_that_is_closed_first_harms_nobody(runtime: HB_HBMRuntime, caplog: pytest.LogCaptureFixture) -> None:
    request = runtime.run_async(X, "times_2")

    async def wait() -> Any:
        return await asyncio.shield(asyncio.ensure_future(asyncio.wrap_future(request)))

    async def forget() -> None:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0.01)
        task.cancel()

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(forget())
        awaiting = request.__await__()

        async def begin() -> None:
            next(awaiting)

        loop.run_until_complete(begin())
    finally:
        loop.close()
    let_go()
    np.testing.assert_array_equal(request.result(30)["times_2"]["y"], 2 * X)
    with pytest.raises(RuntimeError):
        next(awaiting)
    assert runtime.run(X, "times_2")
    caplog.clear()


@pytest.mark.usefixtures("hanging")
def test_a_coroutine_that_is_thrown_away_lets_go_of_its_request(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")

    async def main() -> None:
        awaiting = request.__await__()
        next(awaiting)
        awaiting.close()

    asyncio.run(main())
    assert request.cancelled()


def test_loops_in_several_threads(runtime: HB_HBMRuntime) -> None:
    async def main(name: str) -> int:
        factor = int(name[-1])
        right = 0
        for _ in range(20):
            results = await asyncio.gather(*(runtime.run_async(X, name) for _ in range(5)))
            right += sum(bool((result[name]["y"] == factor * X).all()) for result in results)
        return right

    counts: list[int] = []
    names = ("times_2", "times_3", "times_2")
    threads = [threading.Thread(target=lambda name=name: counts.append(asyncio.run(main(name)))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [100, 100, 100]
