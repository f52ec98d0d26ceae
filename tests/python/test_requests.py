"""run_async(): futures, awaiting, deadlines, cancelling, given outputs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def runtime(models: ModelFactory) -> Iterator[HB_HBMRuntime]:
    with HB_HBMRuntime([str(models.scaled(2)), str(models.scaled(3))]) as runtime:
        yield runtime


@pytest.fixture
def hanging() -> Iterator[None]:
    """The next task hangs until the test releases it."""
    _core.set_faults("task:hang@1")
    yield
    let_go()


def test_a_request_is_a_future_with_the_result_of_run(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    assert isinstance(request, concurrent.futures.Future)
    np.testing.assert_array_equal(request.result(timeout=10)["times_2"]["y"], 2 * X)
    assert request.result() is request.result()
    assert request.exception() is None
    assert (request.done(), request.running(), request.cancelled(), request.status) == (True, False, False, "done")
    assert concurrent.futures.wait([request], timeout=10).done == {request}


def test_models_of_one_request_end_together(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async({"times_2": {"x": X}, "times_3": {"x": X}})
    result = request.result(10)
    np.testing.assert_array_equal(result["times_3"]["y"], 3 * X)
    assert list(result) == ["times_2", "times_3"]
    assert isinstance(request.info, dict)
    assert set(request.info) == set(result)


def test_a_request_can_be_awaited(runtime: HB_HBMRuntime) -> None:
    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(runtime.run_async(X, "times_2"), runtime.run_async(X, "times_3"))

    first, second = asyncio.run(both())
    np.testing.assert_array_equal(first["times_2"]["y"] + X, second["times_3"]["y"])


def test_inputs_may_be_overwritten_at_once(runtime: HB_HBMRuntime) -> None:
    x = X.copy()
    request = runtime.run_async(x, "times_2")
    x[...] = -1
    np.testing.assert_array_equal(request.result(10)["times_2"]["y"], 2 * X)


def test_mistakes_are_raised_at_once_like_those_of_run(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError, match="expected dtype float32"):
        runtime.run_async(X.astype(np.float64), "times_2")


@pytest.mark.usefixtures("hanging")
def test_a_wait_with_a_limit_says_whether_it_ended(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    assert request.wait(0.01) is False
    assert request.running()
    with pytest.raises(TimeoutError):
        request.result(timeout=0.01)
    let_go()
    assert request.wait(10) is True


@pytest.mark.usefixtures("hanging")
def test_its_own_time_out_ends_a_request_and_the_next_run_works(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2", timeout=0.05)
    with pytest.raises(hbm_runtime.HbmTimeoutError, match="times_2"):
        request.result(10)
    np.testing.assert_array_equal(runtime.run(X, "times_2")["times_2"]["y"], 2 * X)


@pytest.mark.usefixtures("hanging")
def test_run_gives_up_after_its_time_out_and_the_runtime_can_be_used(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.HbmTimeoutError) as caught:
        runtime.run(X, "times_2", timeout=0.05)
    assert (caught.value.model, isinstance(caught.value, TimeoutError)) == ("times_2", True)
    np.testing.assert_array_equal(runtime.run(X, "times_2")["times_2"]["y"], 2 * X)


@pytest.mark.usefixtures("hanging")
def test_a_running_request_cannot_be_cancelled_but_abandoned(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    assert request.cancel() is False
    request.abandon()
    assert request.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        request.result(10)


@pytest.mark.usefixtures("hanging")
def test_cancelling_the_awaiting_task_abandons_the_request(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")

    async def impatient() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_awaited(), 0.05)

    async def _awaited() -> None:
        await request

    asyncio.run(impatient())
    assert request.cancelled()


def test_a_request_whose_deadline_has_passed_is_not_run(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2", deadline=time.monotonic() - 1)
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        request.result(10)
    info = request.info
    assert isinstance(info, hbm_runtime.RequestInfo)
    assert (info.late, info.ended_ns) == (True, 0)


def test_the_times_of_a_request_follow_each_other(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2", priority={"times_2": 7}, custom_id={"times_2": 9})
    request.result(10)
    info = request.info
    assert isinstance(info, hbm_runtime.RequestInfo)
    assert (info.model, info.priority, info.custom_id, info.late) == ("times_2", 7, 9, False)
    times = [info.enqueue_ns, info.copied_ns, info.submit_ns, info.ended_ns, info.done_ns]
    assert times == sorted(times)
    assert times[0] > 0


def test_done_callbacks_are_called_once_and_may_raise(runtime: HB_HBMRuntime, caplog: pytest.LogCaptureFixture) -> None:
    request = runtime.run_async(X, "times_2")
    called: list[object] = []
    request.add_done_callback(called.append)
    request.add_done_callback(lambda _: 1 / 0)  # logged by concurrent.futures
    request.result(10)
    deadline = time.monotonic() + 10
    while not called and time.monotonic() < deadline:
        time.sleep(0.001)
    assert called == [request]
    caplog.clear()  # its records hold the request


def test_forgotten_requests_leave_nothing(runtime: HB_HBMRuntime) -> None:
    for _ in range(200):
        runtime.run_async(X, "times_2")
    gc.collect()
    np.testing.assert_array_equal(runtime.run(X, "times_2")["times_2"]["y"], 2 * X)


def test_given_outputs_are_filled_and_returned(runtime: HB_HBMRuntime) -> None:
    given = np.zeros((3, 2), np.float32).T
    result = runtime.run(X, "times_2", outputs={"y": given})
    assert result["times_2"]["y"] is given
    np.testing.assert_array_equal(given, 2 * X)
    again = np.zeros((2, 3), np.float32)
    assert runtime.run_async(X, "times_3", outputs=again).result(10)["times_3"]["y"] is again
    np.testing.assert_array_equal(again, 3 * X)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (np.zeros((2, 3), np.float64), "expected dtype float32"),
        (np.zeros((3, 3), np.float32), "expected shape"),
        ({"z": np.zeros((2, 3), np.float32)}, "no output 'z'"),
    ],
    ids=["dtype", "shape", "name"],
)
def test_given_outputs_that_do_not_fit_are_refused(runtime: HB_HBMRuntime, outputs: object, message: str) -> None:
    with pytest.raises(hbm_runtime.InputError, match=message):
        runtime.run(X, "times_2", outputs=outputs)


def test_read_only_outputs_are_refused(runtime: HB_HBMRuntime) -> None:
    given = np.zeros((2, 3), np.float32)
    given.flags.writeable = False
    with pytest.raises(hbm_runtime.InputError, match="read-only"):
        runtime.run(X, "times_2", outputs=given)


def test_only_the_named_outputs_are_returned(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.many(4)))
    inputs = {
        name: np.zeros(shape, hbm_runtime.TensorInfo(runtime, "many_4", True, i, name).np_dtype)
        for i, (name, shape) in enumerate(runtime.input_shapes["many_4"].items())
    }
    names = runtime.output_names["many_4"]
    result = runtime.run(inputs, output_names=[names[2], names[0]])
    assert list(result["many_4"]) == [names[2], names[0]]
    with pytest.raises(hbm_runtime.InputError, match="no output"):
        runtime.run(inputs, output_names=["nope"])
