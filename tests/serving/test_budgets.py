"""What all clients together may take: memory for bodies, connections; and what a client makes of such refusals."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from support.live import nothing_leaks
from support.serving import client_of, infer, serving
from tritonclient.utils import InferenceServerException

from hbm_runtime import HbmQueueFullError, HbmRemoteError, connect
from hbm_runtime.serving.client.transports.server_errors import nothing_ran, refusal_of_library, server_error
from hbm_runtime.serving.protocol.messages import message
from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import Limits

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
MEGABYTE = 1 << 20
PATH = "/v2/models/times_2/infer"
LIMITS = Limits(message_bytes=MEGABYTE, total_bytes=3 * MEGABYTE // 2)
SENT = 900_000


def _half_sent(server: Server) -> socket.socket:
    """A connection with most of a body, whose end does not come."""
    assert server.http is not None
    connection = socket.create_connection((server.http.host, server.http.port), timeout=20)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {MEGABYTE}\r\n"
    )
    connection.sendall(head.encode() + b"\r\n" + bytes(SENT))
    _eventually(lambda: server.dataplane.budget.used >= SENT)  # or another could be the first to take the memory
    return connection


def _post(server: Server, body: bytes, headers: dict[str, str]) -> tuple[int, str | None, dict[str, Any]]:
    assert server.http is not None
    connection = http.client.HTTPConnection(server.http.host, server.http.port, timeout=20)
    try:
        connection.request("POST", PATH, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, response.headers["retry-after"], json.loads(response.read())
    finally:
        connection.close()


def _eventually(check: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(bytes(SENT), {}), (gzip.compress(bytes(SENT)), {"Content-Encoding": "gzip"})],
    ids=["as sent", "decompressed"],
)
def test_bodies_of_all_requests_share_a_bounded_memory(
    models: ModelFactory, body: bytes, headers: dict[str, str]
) -> None:
    with serving([models.scaled(2)], limits=LIMITS) as server:
        waiting = _half_sent(server)
        try:
            status, retry, document = _post(server, body, headers)
            assert (status, retry) == (503, "1")
            assert "all requests and answers together" in document["error"]
            assert document["hbm_error"]["class"] == "HbmQueueFullError"
            with client_of(server, "http") as client:  # small ones still fit
                np.testing.assert_array_equal(infer(client, "http", "times_2", {"x": X}).as_numpy("y"), 2 * X)
        finally:
            waiting.close()
        _eventually(lambda: _post(server, body, headers)[0] == 400)  # read as a whole now, and no JSON


def _call(server: Server, data: bytes) -> Any:
    """Sends a message to ModelInfer; returns how that ended."""
    with grpc.insecure_channel(str(server.grpc)) as channel:
        ended = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer").future(data, timeout=20)
        ended.exception()
        return ended


def _request(nbytes: int) -> bytes:
    return bytes(
        message("ModelInferRequest")(model_name="none", raw_input_contents=[bytes(nbytes)]).SerializeToString()
    )


def test_both_protocols_share_the_memory(models: ModelFactory) -> None:
    with serving([models.scaled(2)], limits=LIMITS) as server:
        waiting = _half_sent(server)
        try:
            refused = _call(server, _request(SENT))
            trailing = dict(refused.trailing_metadata())
            assert "all requests and answers together" in refused.details()
            assert json.loads(trailing["hbm-error-bin"])["class"] == "HbmQueueFullError"
            assert trailing["grpc-retry-pushback-ms"] == "50"
            with client_of(server, "grpc") as client:  # small ones still fit
                np.testing.assert_array_equal(infer(client, "grpc", "times_2", {"x": X}).as_numpy("y"), 2 * X)
        finally:
            waiting.close()
        _eventually(lambda: _call(server, _request(SENT)).code() is grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_without_memory_a_client_sees_a_full_queue_and_goes_to_another_server(
    models: ModelFactory, protocol: str
) -> None:
    path = models.scaled(2)
    with serving([path], limits=LIMITS) as full, serving([path]) as free, full.dataplane.budget.lease() as lease:
        lease.hold(2 * MEGABYTE)
        address, another = (getattr(server, protocol) for server in (full, free))
        with connect(f"{protocol}://{address},{another}", shared_memory=False) as runtime:
            for _ in range(4):
                np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)
        lease.close()
        with connect(f"{protocol}://{address}", shared_memory=False) as runtime:
            runtime.run(X)
            lease.hold(2 * MEGABYTE)
            with pytest.raises(HbmQueueFullError, match="all requests and answers together"):
                runtime.run(X)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_memory_comes_back_however_a_request_ends(models: ModelFactory, protocol: str) -> None:
    with serving([models.scaled(2)], limits=LIMITS) as server, client_of(server, protocol) as client:
        budget = server.dataplane.budget
        for _ in range(3):
            infer(client, protocol, "times_2", {"x": X})
            with pytest.raises(InferenceServerException):
                infer(client, protocol, "times_2", {"x": X[:1]})
            with pytest.raises(InferenceServerException):
                infer(client, protocol, "none", {"x": X})
            assert _call(server, b"\xff" * 1000).code() is grpc.StatusCode.INVALID_ARGUMENT
            _half_sent(server).close()
        _eventually(lambda: budget.used == 0)


def test_one_request_always_has_the_memory_that_it_may_take(models: ModelFactory) -> None:
    with serving([models.scaled(2)], limits=Limits(message_bytes=MEGABYTE, total_bytes=1024)) as server:
        assert _post(server, bytes(MEGABYTE), {})[0] == 400


def test_connections_of_grpc_are_limited(models: ModelFactory) -> None:
    with serving([models.scaled(2)], limits=Limits(connections=1)) as server:
        address = str(server.grpc)
        with client_of(server, "grpc") as client:
            assert client.is_server_live()
            with grpc.insecure_channel(address) as another, pytest.raises(grpc.RpcError) as caught:
                another.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=20)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert client.is_server_live()

        def is_live() -> bool:
            with grpc.insecure_channel(address) as another:
                try:
                    return bool(another.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=20))
                except grpc.RpcError:
                    return False

        _eventually(is_live)


def test_what_is_too_large_for_one_server_goes_to_another(models: ModelFactory) -> None:
    path = models.identity("F32", (100_000,))
    array = np.arange(100_000, dtype=np.float32)
    with (
        serving([path], limits=Limits(message_bytes=10_000)) as small,
        serving([path]) as large,
        connect(f"grpc://{small.grpc},{large.grpc}", shared_memory=False) as runtime,
    ):
        for _ in range(4):
            np.testing.assert_array_equal(runtime.run(array)[path.stem]["y"], array)


def test_a_message_that_is_too_large_is_one_clear_error(models: ModelFactory) -> None:
    path = models.identity("F32", (100_000,))
    with (
        serving([path], limits=Limits(message_bytes=10_000)) as server,
        connect(f"grpc://{server.grpc}", shared_memory=False) as runtime,
    ):
        with pytest.raises(HbmRemoteError, match="larger than max") as caught:
            runtime.run(np.zeros(100_000, np.float32))
        assert caught.value.code == "RESOURCE_EXHAUSTED"


def test_too_many_calls_for_the_library_are_a_full_queue() -> None:
    text = "Concurrent RPC limit exceeded!"
    error = server_error("a:1", "RESOURCE_EXHAUSTED", text, refusal_of_library(text))  # type: ignore[arg-type]
    assert isinstance(error, HbmQueueFullError)
    assert nothing_ran(error)
