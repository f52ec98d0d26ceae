"""Requests that wait, are dropped, run out of time, are taken back, or meet a driver that fails."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go, nothing_leaks
from support.serving import Client, client_of, infer, serving, until

from hbm_runtime import _core
from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import BackPressure
from hbm_runtime.testing import faults

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def _waiting(server: Server) -> int:
    return server.repository.get("times_2").gate.waiting


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize(
    ("policy", "refused"),
    [("reject", [3]), ("drop_oldest", [1]), ("latest", [1, 2]), ("block", [])],
)
def test_a_full_queue_follows_its_policy(models: ModelFactory, policy: Any, refused: list[int]) -> None:
    pressure = BackPressure(policy, queue_size=2, in_flight=1)
    with (
        serving([models.scaled(2)], back_pressure=pressure) as server,
        client_of(server, "http", concurrency=8) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        calls = []
        for number in range(4):
            calls.append(pool.submit(infer, client, "http", "times_2", {"x": X + number}))
            ended = {"reject": {3}, "drop_oldest": {1} if number == 3 else set(), "latest": set(range(1, number))}
            expected = ended.get(policy, set())
            alive = min(number, {"latest": 1, "block": 9}.get(policy, 2))
            until(lambda alive=alive: _waiting(server) == alive and server.dataplane.calls >= alive + 1)
            until(lambda expected=expected: all(calls[at].done() for at in expected if at < len(calls)))
        let_go()
        for number, call in enumerate(calls):
            if number in refused:
                with pytest.raises(Exception, match=r"\[503\]"):
                    call.result(20)
            else:
                np.testing.assert_array_equal(call.result(20).as_numpy("y"), 2 * (X + number))


@pytest.mark.usefixtures("hanging")
def test_the_higher_priority_goes_first(models: ModelFactory) -> None:
    order: list[int] = []
    with (
        serving([models.scaled(2)], back_pressure=BackPressure(in_flight=1)) as server,
        client_of(server, "http", concurrency=8) as client,
        ThreadPoolExecutor(8) as pool,
    ):

        def call(priority: int) -> None:
            infer(client, "http", "times_2", {"x": X}, priority=priority)
            order.append(priority)

        calls = []
        for waiting, priority in enumerate([5, 0, 3, 1]):  # the first one runs
            calls.append(pool.submit(call, priority))
            until(lambda waiting=waiting: _waiting(server) == waiting and server.dataplane.calls == waiting + 1)
        _core.set_faults("task:delay=100ms")  # so far apart that the order in which clients notice is that of the runs
        _core.release_hanging_tasks()
        for each in calls:
            each.result(20)
    assert order == [5, 1, 3, 0]


@pytest.mark.usefixtures("hanging")
def test_a_time_out_is_the_client_s_error(client: Client, protocol: str) -> None:
    options: dict[str, Any] = {"timeout": 50_000}
    with pytest.raises(Exception, match=r"(?i)time|deadline"):
        infer(client, protocol, "times_2", {"x": X}, **options)
    let_go()
    np.testing.assert_array_equal(infer(client, protocol, "times_2", {"x": X}).as_numpy("y"), 2 * X)


@pytest.mark.usefixtures("hanging")
def test_a_client_that_goes_away_is_counted(server: Server, protocol: str) -> None:
    with client_of(server, protocol, **({"network_timeout": 0.3} if protocol == "http" else {})) as client:
        limit = {"client_timeout": 0.3} if protocol == "grpc" else {}
        with pytest.raises(Exception, match=r"(?i)time|deadline"):
            infer(client, protocol, "times_2", {"x": X}, **limit)
    until(lambda: server.dataplane.calls == 0)
    statistics = server.dataplane.statistics("times_2")["model_stats"][0]
    assert statistics["inference_stats"]["fail"]["count"] == 1
    let_go()


def test_failures_of_the_driver_reach_their_clients_only(server: Server, protocol: str) -> None:
    with client_of(server, protocol) as client:
        with faults("hbUCPSubmitTask:fail@1"), pytest.raises(Exception, match="hbUCPSubmitTask"):
            infer(client, protocol, "times_2", {"x": X})
        np.testing.assert_array_equal(infer(client, protocol, "times_2", {"x": X}).as_numpy("y"), 2 * X)
        assert client.is_server_ready()


def test_a_driver_that_goes_on_failing_makes_the_model_not_ready(client: Client, protocol: str) -> None:
    with faults("hbUCPSubmitTask:fail"):
        for _ in range(3):
            with pytest.raises(Exception, match="hbUCPSubmitTask"):
                infer(client, protocol, "times_2", {"x": X})
        assert not client.is_server_ready()
        assert not client.is_model_ready("times_2")
        assert client.is_model_ready("mixed")
        assert client.is_server_live()


def test_errors_tell_their_class_and_place(server: Server) -> None:
    import http.client

    assert server.http is not None
    connection = http.client.HTTPConnection(server.http.host, server.http.port, timeout=20)
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [1] * 6}]}
    with faults("hbUCPSubmitTask:fail@1"):
        connection.request("POST", "/v2/models/times_2/infer", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        reported = json.loads(response.read())["hbm_error"]
    connection.close()
    assert response.status == 500
    assert (reported["class"], reported["function"], reported["model"]) == ("DriverError", "hbUCPSubmitTask", "times_2")
    assert reported["status"] < 0
    assert reported["status_name"].startswith("HB_")


def test_many_clients_lose_nothing(server: Server, protocol: str) -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        with client_of(server, protocol) as client:
            for turn in range(10):
                given = X + 100 * number + turn
                answer = infer(client, protocol, "times_2", {"x": given}).as_numpy("y")
                if not np.array_equal(answer, 2 * given):
                    wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    counts = server.dataplane.statistics("times_2")["model_stats"][0]["inference_stats"]
    assert (counts["success"]["count"], counts["fail"]["count"]) == (160, 0)
