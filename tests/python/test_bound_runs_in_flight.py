"""What a binding says and refuses while a run on its arrays is in flight, and afterwards."""

from __future__ import annotations

import contextlib
import threading
import time

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_second_run_in_flight_is_refused(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    _core.set_faults("task:hang@1")
    try:
        request = bound.run_async()
        with pytest.raises(hbm_runtime.HbmStateError, match="in flight"):
            bound.run()
        with pytest.raises(hbm_runtime.HbmStateError, match="in flight"):
            bound.run_async()
        with pytest.raises(hbm_runtime.HbmStateError, match="uses the same memory"):
            runtime.run(X, "times_2", outputs=bound.outputs)
    finally:
        let_go()
    request.result(10)
    bound.run()


def test_a_binding_tells_whether_it_is_ready_running_or_at_fault(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    assert bound.status == "ready"
    try:
        for failing in (bound.run, lambda: bound.run_async().result(10)):
            _core.set_faults("task:fail@1")
            with pytest.raises(hbm_runtime.DriverError):
                failing()
            assert bound.status == "fault"
            bound.run()
            assert bound.status == "ready"
        _core.set_faults("task:hang@1")
        request = bound.run_async()
        assert bound.status == "running"
    finally:
        let_go()
    request.result(10)
    assert bound.status == "ready"


@pytest.mark.usefixtures("hanging")
def test_a_run_that_is_refused_does_not_hide_that_the_last_one_failed(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    request = bound.run_async()
    request.abandon()
    with pytest.raises(hbm_runtime.HbmStateError):  # the device still uses the memory
        bound.run()
    assert bound.status == "fault"


@pytest.mark.usefixtures("hanging")
def test_what_a_run_in_flight_reads_is_not_written_by_another(runtime: HB_HBMRuntime) -> None:
    first = runtime.bind("times_2", inputs={"x": X})
    second = runtime.bind("times_3", inputs={"x": first.outputs["y"]})
    in_flight = second.run_async()
    with pytest.raises(hbm_runtime.HbmStateError, match="output 'y': a request in flight uses the same memory"):
        first.run()
    assert isinstance(first.run_async().exception(30), hbm_runtime.HbmStateError)
    another = runtime.run_async(first.outputs["y"], "times_2")  # reading it twice harms nobody
    let_go()
    in_flight.result(30)
    another.result(30)
    first.run()


@pytest.mark.usefixtures("hanging")
def test_what_a_run_in_flight_writes_is_not_read_by_another(runtime: HB_HBMRuntime) -> None:
    first = runtime.bind("times_2", inputs={"x": X})
    second = runtime.bind("times_3", inputs={"x": first.outputs["y"]})
    in_flight = first.run_async()
    with pytest.raises(hbm_runtime.HbmStateError, match="input 'x': a request in flight writes the same memory"):
        second.run()
    with pytest.raises(hbm_runtime.HbmStateError):
        runtime.run(first.outputs["y"][:, ::-1], "times_2")
    let_go()
    in_flight.result(30)
    np.testing.assert_array_equal(second.run()["y"], 6 * X)


@pytest.mark.usefixtures("hanging")
def test_a_bound_run_that_timed_out_can_be_repeated_when_the_device_is_done(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2", inputs={"x": X})
    with pytest.raises(hbm_runtime.HbmTimeoutError):
        bound.run(timeout=0.02)
    with pytest.raises(hbm_runtime.HbmStateError, match="in flight uses the same memory"):
        bound.run()
    let_go()
    deadline = time.monotonic() + 30
    while _core.driver_live()["tasks"] and time.monotonic() < deadline:
        time.sleep(0.001)
    np.testing.assert_array_equal(bound.run()["y"], 2 * X)


def test_a_bound_run_can_be_repeated_as_soon_as_its_request_has_ended(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2", inputs={"x": X})
    for _ in range(200):
        bound.run_async().result(30)


def test_threads_that_share_a_binding_get_errors_and_never_wrong_numbers(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2", inputs={"x": X})

    def work() -> None:
        for i in range(200):
            with contextlib.suppress(hbm_runtime.HbmStateError):
                bound.run_async().result(30) if i % 2 else bound.run()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(bound.run()["y"], 2 * X)
