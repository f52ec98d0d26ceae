"""Servers that break, stall or answer nonsense over HTTP: one typed error, soon, and never a second run by accident."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import numpy as np
import pytest
from support.scripted_answers import X, closes, fails, failure, good
from support.scripted_server import Received, scripted_server

from hbm_runtime import (
    HbmCancelledError,
    HbmError,
    HbmNetworkError,
    HbmRemoteError,
    HbmTimeoutError,
    connect,
)

SOON = 1.0


def resets(request: Received) -> None:
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    request.connection.close()


def closes_in_the_answer(request: Received) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    closes(request)


BREAKS: dict[str, Callable[[Received], None]] = {
    "closed": closes,
    "reset": resets,
    "closed in the answer": closes_in_the_answer,
}


@pytest.mark.parametrize("script", BREAKS.values(), ids=BREAKS)
def test_a_broken_connection_is_a_network_error_and_no_second_run(script: Callable[[Received], None]) -> None:
    with scripted_server(script) as broken, scripted_server(good) as other, connect(f"{broken.url},{other.url}") as rt:
        errors = []
        begin = time.monotonic()
        for _ in range(2):  # each address has its turn
            errors += [error for error in [failure(lambda: rt.run(X, "m"))] if error]
        assert time.monotonic() - begin < SOON
        (error,) = errors
        assert isinstance(error, HbmNetworkError)
        assert isinstance(error, OSError)
        assert error.may_have_run
        assert broken.url in str(error)
        assert (len(broken.runs), len(other.runs)) == (1, 1)


@pytest.mark.parametrize("script", BREAKS.values(), ids=BREAKS)
def test_idempotent_runs_are_repeated(script: Callable[[Received], None]) -> None:
    with scripted_server(script) as broken, scripted_server(good) as other, connect(f"{broken.url},{other.url}") as rt:
        for _ in range(4):
            assert np.array_equal(rt.run(X, "m", idempotent=True)["m"]["y"], X)
        assert broken.runs
        assert len(other.runs) == 4


def test_an_idempotent_run_has_a_second_attempt_on_the_only_server() -> None:
    attempts: list[Received] = []

    def script(request: Received) -> None:
        attempts.append(request)
        (good if len(attempts) > 1 else closes)(request)

    with scripted_server(script) as server, connect(server.url, idempotent=True) as rt:
        assert np.array_equal(rt.run(X, "m")["m"]["y"], X)
        attempts.clear()
        with pytest.raises(HbmNetworkError):
            rt.run(X, "m", idempotent=False)


def test_a_server_that_is_not_there_costs_nothing_where_another_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        gone = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    with scripted_server(good) as server, connect(f"{gone},{server.url}") as rt:
        for _ in range(10):
            assert np.array_equal(rt.run(X, "m")["m"]["y"], X)
        assert len(server.runs) == 10
    with pytest.raises(HbmNetworkError) as caught:
        connect(gone)
    assert not caught.value.may_have_run
    assert gone in str(caught.value)
    with pytest.raises(HbmNetworkError, match="none of 2 servers"):
        connect(f"{gone},{gone.replace('127.0.0.1', 'localhost')}")


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    def script(request: Received) -> None:
        good(request)
        closes(request)

    with scripted_server(script) as server, connect(server.url) as rt:
        for _ in range(5):
            rt.run(X, "m")
            time.sleep(0.01)
        assert len(server.runs) == 5


def refuses_and_stays(request: Received) -> None:
    request.answer({"error": "too large"}, 413)
    time.sleep(0.2)


def refuses_and_closes(request: Received) -> None:
    refuses_and_stays(request)
    resets(request)


@pytest.mark.parametrize("script", [refuses_and_stays, refuses_and_closes])
def test_an_early_refusal_is_read_though_the_body_was_not_taken(script: Callable[[Received], None]) -> None:
    with scripted_server(script, before_body=True) as server, connect(server.url, shared_memory=False) as rt:
        begin = time.monotonic()
        with pytest.raises(HbmError) as caught:
            rt.run(np.zeros((1 << 22, 3), np.float32), "large")
        assert time.monotonic() - begin < SOON
        if isinstance(caught.value, HbmNetworkError):  # the answer was lost with the connection
            assert script is refuses_and_closes
            assert not caught.value.may_have_run
        else:
            assert isinstance(caught.value, HbmRemoteError)
            assert caught.value.code == "413"
        if script is refuses_and_stays:  # on that connection nothing more can be sent
            with pytest.raises(HbmRemoteError):
                rt.run(X, "m")


def stalls(request: Received) -> None:  # noqa: ARG001
    time.sleep(0.6)


def drips(request: Received) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(30):
        time.sleep(0.02)
        request.send(b" ")


@pytest.mark.parametrize("script", [stalls, drips])
def test_the_time_limit_holds_for_the_whole_answer(script: Callable[[Received], None]) -> None:
    with scripted_server(script) as server, connect(server.url) as rt:
        begin = time.monotonic()
        with pytest.raises(HbmTimeoutError):
            rt.run(X, "m", timeout=0.1)
        assert time.monotonic() - begin < 0.5
        assert len(server.runs) == 1


def test_the_connection_s_time_limit_is_the_default() -> None:
    with scripted_server(stalls) as server, connect(server.url, timeout=0.2) as rt, pytest.raises(HbmTimeoutError):
        rt.run(X, "m")


def test_an_abandoned_request_ends_at_once_and_the_server_hears_of_it() -> None:
    heard: list[bool] = []

    def script(request: Received) -> None:
        request.connection.settimeout(5)
        heard.append(request.connection.recv(1) == b"")

    with scripted_server(script) as server, connect(server.url) as rt:
        request = rt.run_async(X, "m")
        while not server.runs:
            time.sleep(0.01)
        assert not request.cancel()
        begin = time.monotonic()
        request.abandon()
        with pytest.raises(HbmCancelledError):
            request.result(SOON)
        assert time.monotonic() - begin < SOON
        assert request.cancelled()
        assert request.status == "cancelled"
        while not heard and time.monotonic() - begin < SOON:
            time.sleep(0.01)
        assert heard == [True]


@pytest.mark.parametrize(("status", "others"), [(503, 3), (429, 3), (500, 0), (400, 0)])
def test_the_next_server_is_asked_only_when_nothing_was_run(status: int, others: int) -> None:
    busy = fails(status, {"class": "HbmQueueFullError" if status in (503, 429) else "DriverError"})
    with scripted_server(busy) as first, scripted_server(good) as second, connect(f"{first.url},{second.url}") as rt:
        failures = [error for error in (failure(lambda: rt.run(X, "m")) for _ in range(6)) if error]
        assert len(failures) == 3 - others
        assert len(second.runs) == 3 + others
