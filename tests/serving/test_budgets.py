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

from hbm_runtime import HbmQueueFullError, HbmRemoteError, connect
from hbm_runtime.serving.client.server_errors import nothing_ran, refusal_of_library, server_error
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
            _eventually(lambda: _post(server, body, headers)[0] == 503)
            status, retry, document = _post(server, body, headers)
            assert (status, retry) == (503, "1")
            assert "bodies of all requests together" in document["error"]
            assert document["hbm_error"]["class"] == "HbmQueueFullError"
            with client_of(server, "http") as client:  # small ones still fit
                np.testing.assert_array_equal(infer(client, "http", "times_2", {"x": X}).as_numpy("y"), 2 * X)
        finally:
            waiting.close()
        _eventually(lambda: _post(server, body, headers)[0] == 400)  # read as a whole now, and no JSON


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
