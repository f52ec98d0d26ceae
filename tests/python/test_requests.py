"""run_async(): results, time-outs, deadlines, cancelling, what is reported of a request."""

from __future__ import annotations

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
from hbm_runtime.testing import faults

if TYPE_CHECKING:
    pass

X = np.arange(6, dtype=np.float32).reshape(2, 3)


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


def test_inputs_may_be_overwritten_at_once(runtime: HB_HBMRuntime) -> None:
    x = X.copy()
    request = runtime.run_async(x, "times_2")
    x[...] = -1
    np.testing.assert_array_equal(request.result(10)["times_2"]["y"], 2 * X)


def test_mistakes_are_raised_at_once_like_those_of_run(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError, match="expected dtype float32"):
        runtime.run_async(X.astype(np.float64), "times_2")
    with pytest.raises(TypeError, match=r"run_async\(\)"):
        runtime.run_async(X, time_out=1)  # type: ignore[call-arg]


def test_a_request_whose_maker_waits_at_once_has_the_same_result(runtime: HB_HBMRuntime) -> None:
    for below in (0.0, 1.0):
        for _ in range(50):
            request = runtime._start_awaited({"times_2": {"x": X}}, "times_2", below=below)
            np.testing.assert_array_equal(request.result(10)["times_2"]["y"], 2 * X)


def test_a_failure_of_such_a_model_is_that_of_the_request(runtime: HB_HBMRuntime) -> None:
    for _ in range(20):
        runtime._start_awaited({"times_2": {"x": X}}, "times_2", below=1.0).result(10)
    with faults("task:fail"):
        request = runtime._start_awaited({"times_2": {"x": X}}, "times_2", below=1.0)
        with pytest.raises(hbm_runtime.DriverError):
            request.result(10)
    assert request.status == "failed"
    with pytest.raises(hbm_runtime.InputError):
        runtime._start_awaited({"times_2": {"x": X[0]}}, "times_2", below=1.0)


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


def test_forgotten_requests_leave_nothing(runtime: HB_HBMRuntime) -> None:
    for _ in range(200):
        runtime.run_async(X, "times_2")
    gc.collect()
    np.testing.assert_array_equal(runtime.run(X, "times_2")["times_2"]["y"], 2 * X)


MANY = 40
"""More than the driver takes at a time."""


@pytest.fixture
def full() -> Iterator[None]:
    """All tasks hang until the test releases them, so that requests queue up in the runtime."""
    _core.set_faults("task:hang")
    yield
    let_go()


@pytest.mark.usefixtures("full")
def test_queued_requests_can_be_cancelled_in_any_order_and_running_ones_cannot(runtime: HB_HBMRuntime) -> None:
    requests = [runtime.run_async(X, "times_2") for _ in range(MANY)]
    queued = [request for request in requests if request.status == "queued"]
    assert len(queued) == MANY - 32
    depths = [info.queue_depth for request in queued if isinstance(info := request.info, hbm_runtime.RequestInfo)]
    assert depths == list(range(len(queued)))
    assert not requests[0].cancel()
    assert requests[0].running()
    assert all(request.cancel() for request in reversed(queued[1:]))
    assert all(request.cancelled() and request.cancel() for request in queued[1:])
    let_go()
    for request in [*requests[:32], queued[0]]:
        np.testing.assert_array_equal(request.result(30)["times_2"]["y"], 2 * X)
    assert not queued[0].cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        queued[1].exception()


@pytest.mark.usefixtures("full")
def test_a_request_of_several_models_is_cancelled_whole_or_not_at_all(runtime: HB_HBMRuntime) -> None:
    both = {"times_2": {"x": X}, "times_3": {"x": X}}
    filling = [runtime.run_async(X, "times_2") for _ in range(31)]
    half = runtime.run_async(both)
    behind = runtime.run_async(both)
    assert not half.cancel()
    assert behind.cancel()
    let_go()
    assert list(half.result(30)) == ["times_2", "times_3"]
    assert behind.cancelled()
    assert concurrent.futures.wait(filling, 30).not_done == set()


def test_all_models_are_checked_before_one_starts(runtime: HB_HBMRuntime) -> None:
    before = runtime.stats()
    with pytest.raises(hbm_runtime.InputError, match="times_3"):
        runtime.run_async({"times_2": {"x": X}, "times_3": {"x": X[0]}})
    assert runtime.stats() == before


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("several", [False, True], ids=["one model", "two models"])
def test_run_gives_up_on_every_model(runtime: HB_HBMRuntime, several: bool) -> None:
    inputs = {"times_2": {"x": X}, "times_3": {"x": X}} if several else {"times_2": {"x": X}}
    with pytest.raises(hbm_runtime.HbmTimeoutError):
        runtime.run(inputs, timeout=0.05)
    with pytest.raises(hbm_runtime.HbmTimeoutError):
        runtime.run_async(inputs, timeout=0.05).result(30)
    let_go()
    assert runtime.run(inputs)["times_2"]["y"][0, 1] == 2


@pytest.mark.usefixtures("full")
def test_what_waits_for_the_device_beyond_its_deadline_is_not_run(runtime: HB_HBMRuntime) -> None:
    filling = [runtime.run_async(X, "times_2") for _ in range(32)]
    late = runtime.run_async(X, "times_2", deadline=time.monotonic() + 0.01)
    assert late.status == "queued"
    time.sleep(0.02)
    let_go()
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        late.result(30)
    assert concurrent.futures.wait(filling, 30).not_done == set()


def test_run_takes_a_deadline_too(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.HbmDeadlineError, match="times_2"):
        runtime.run(X, "times_2", deadline=time.monotonic() - 1)
    assert runtime.run(X, "times_2", deadline=time.monotonic() + 60)


@pytest.mark.parametrize("deadline", [0, -1, float("-inf")])
def test_a_deadline_before_the_clock_began_has_passed(runtime: HB_HBMRuntime, deadline: float) -> None:
    """As `time.monotonic() - 1` may be, in the first second after the machine was switched on."""
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        runtime.run(X, "times_2", deadline=deadline)
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        runtime.run_async(X, "times_2", deadline=deadline).result(30)
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        runtime.bind("times_2").run(deadline=deadline)


@pytest.mark.parametrize(
    ("limit", "value", "error"),
    [
        ("timeout", -1, hbm_runtime.InputError),
        ("timeout", float("nan"), hbm_runtime.InputError),
        ("deadline", float("nan"), hbm_runtime.InputError),
        ("timeout", "1", TypeError),
        ("deadline", [], TypeError),
    ],
)
def test_limits_that_are_no_time_are_refused(runtime: HB_HBMRuntime, limit: str, value: Any, error: Any) -> None:
    for run in (runtime.run, runtime.run_async, lambda *_, **limits: runtime.bind("times_2").run(**limits)):
        with pytest.raises(error, match=limit):
            run(X, "times_2", **{limit: value})


def test_times_to_wait_that_are_no_time_are_refused(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    for wait in (request.wait, request.result, request.exception):
        with pytest.raises(TypeError, match="timeout must be a number of seconds or None, not str"):
            wait("1")  # type: ignore[arg-type]
        with pytest.raises(hbm_runtime.InputError, match="NaN"):
            wait(float("nan"))
    assert request.wait(30)


@pytest.mark.parametrize("limit", [float("inf"), 1e300, np.float32(60), 60])
def test_limits_may_be_any_number(runtime: HB_HBMRuntime, limit: Any) -> None:
    assert runtime.run(X, "times_2", timeout=limit)
    assert runtime.run_async(X, "times_2", timeout=limit).result(limit)


@pytest.mark.parametrize("waiting", [True, False], ids=["waited for", "dropped"])
def test_a_failure_is_logged_when_nobody_asked(
    runtime: HB_HBMRuntime, caplog: pytest.LogCaptureFixture, waiting: bool
) -> None:
    with faults("task:fail"):
        request = runtime.run_async(X, "times_2")
        if waiting:
            assert request.exception(30) is not None
        del request
        deadline = time.monotonic() + (0.2 if waiting else 30)
        while "nobody asked" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.001)
    assert ("nobody asked" in caplog.text) is not waiting
    if not waiting:
        assert "times_2" in caplog.text
