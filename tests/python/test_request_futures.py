"""A request beside other futures: what concurrent.futures promises."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    pass

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert condition()


def test_requests_and_futures_of_executors_are_waited_for_together(runtime: HB_HBMRuntime) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        others = [pool.submit(int, "3")]
        requests = [runtime.run_async(X, name) for name in ("times_2", "times_3")]
        futures: list[concurrent.futures.Future[Any]] = [*others, *requests]
        assert concurrent.futures.wait(futures, 30).done == set(futures)
        assert set(concurrent.futures.as_completed(futures, 30)) == set(futures)


@pytest.mark.usefixtures("hanging")
def test_the_first_that_ends_ends_the_wait(runtime: HB_HBMRuntime) -> None:
    requests = [runtime.run_async(X, "times_2"), runtime.run_async(X, "times_3")]  # one of them hangs
    done, not_done = concurrent.futures.wait(requests, 30, concurrent.futures.FIRST_COMPLETED)
    (quick,) = done
    slow = next(request for request in requests if request in not_done)
    with pytest.raises(concurrent.futures.TimeoutError):
        list(concurrent.futures.as_completed([slow], 0.01))
    slow.abandon()
    assert list(concurrent.futures.as_completed([slow], 30)) == [slow]
    assert concurrent.futures.wait([slow, quick], 30, concurrent.futures.FIRST_EXCEPTION).not_done == set()


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError, SystemExit, KeyboardInterrupt])
def test_callbacks_come_in_their_order_whatever_one_raises(
    runtime: HB_HBMRuntime, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    request = runtime.run_async(X, "times_2")
    called: list[Any] = []

    def fail(_: object) -> None:
        raise error

    request.add_done_callback(lambda given: called.append(("first", given is request, given.done())))
    request.add_done_callback(fail)
    request.add_done_callback(lambda _: called.append("third"))
    let_go()
    until(lambda: len(called) == 2)
    assert called == [("first", True, True), "third"]
    until(lambda: error.__name__ in caplog.text)
    assert {record.name for record in caplog.records} == {"hbm_runtime"}
    caplog.clear()  # its records hold the request


def test_an_ended_request_counts_as_done_at_once(runtime: HB_HBMRuntime) -> None:
    for _ in range(50):
        request = runtime.run_async(X, "times_2")
        request.wait()
        assert concurrent.futures.wait([request], 0).done == {request}
        assert list(concurrent.futures.as_completed([request], 0)) == [request]


def test_those_that_have_ended_do_not_end_the_wait_for_the_others(runtime: HB_HBMRuntime) -> None:
    ended = [runtime.run_async(X, "times_2") for _ in range(8)]
    until(lambda: all(request.done() for request in ended))
    _core.set_faults("task:hang@1")
    slow = runtime.run_async(X, "times_2")
    assert concurrent.futures.wait([*ended, slow], 0.2) == (set(ended), {slow})
    let_go()
    assert concurrent.futures.wait([*ended, slow], 30) == ({*ended, slow}, set())


def test_a_callback_of_an_ended_request_is_called_at_once_and_here(runtime: HB_HBMRuntime) -> None:
    for _ in range(50):
        request = runtime.run_async(X, "times_2")
        request.wait()
        threads: list[int] = []
        request.add_done_callback(lambda _, threads=threads: threads.append(threading.get_ident()))  # type: ignore[misc]
        assert threads == [threading.get_ident()]


def test_what_ends_a_program_ends_it_from_a_callback_in_its_main_thread(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    request.wait()
    with pytest.raises(SystemExit):
        request.add_done_callback(lambda _: sys.exit(3))


def test_a_callback_may_wait_for_other_requests(runtime: HB_HBMRuntime) -> None:
    seen: list[Any] = []
    request = runtime.run_async(X, "times_2")
    request.add_done_callback(lambda _: seen.append(runtime.run_async(X, "times_3").result(30)["times_3"]["y"][0, 1]))
    until(lambda: seen)
    assert seen == [3.0]


def test_only_the_runtime_says_what_becomes_of_a_request(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    misuses: list[Callable[[], object]] = [
        lambda: request.set_result({}),
        lambda: request.set_exception(ValueError()),
        request.set_running_or_notify_cancel,
    ]
    for misuse in misuses:
        with pytest.raises(concurrent.futures.InvalidStateError):
            misuse()
    np.testing.assert_array_equal(request.result(30)["times_2"]["y"], 2 * X)


@pytest.mark.usefixtures("hanging")
def test_how_an_abandoned_request_looks(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    assert (request.done(), request.running(), request.cancelled()) == (False, True, False)
    for limit in (0, -1, 0.001):
        with pytest.raises(concurrent.futures.TimeoutError):
            request.result(limit)
        with pytest.raises(concurrent.futures.TimeoutError):
            request.exception(limit)
    request.abandon()
    request.abandon()
    assert (request.done(), request.running(), request.cancelled()) == (True, False, True)
    assert request.cancel()
    for ask in (request.result, request.exception):
        with pytest.raises(concurrent.futures.CancelledError) as caught:
            ask()
        assert isinstance(caught.value, hbm_runtime.HbmCancelledError)
    assert "cancelled" in repr(request)


def test_a_failed_request_always_gives_the_same_exception(runtime: HB_HBMRuntime) -> None:
    _core.set_faults("task:fail@1")
    try:
        request = runtime.run_async(X, "times_2")
        with pytest.raises(hbm_runtime.DriverError) as caught:
            request.result(30)
    finally:
        _core.set_faults("")
    assert request.exception() is caught.value
    assert not request.cancel()
    assert (request.status, request.done(), request.cancelled()) == ("failed", True, False)


@pytest.mark.usefixtures("hanging")
def test_many_threads_may_wait_cancel_and_ask(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(request.result(30))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert not request.cancel()
    let_go()
    for thread in threads:
        thread.join()
    assert all(result is results[0] for result in results)
