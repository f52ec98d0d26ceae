"""HTTP requests that are wrong in some way: one clear error to that client, nothing to others, nothing left behind."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import nothing_leaks
from support.serving import client_of, infer, serving

from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import Limits

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
JSON = {"Content-Type": "application/json"}
PATH = "/v2/models/times_2/infer"
LIMIT = 100_000


def _tensor(**changes: Any) -> dict[str, Any]:
    tensor = {"name": "x", "datatype": "FP32", "shape": [2, 3], "data": X.reshape(-1).tolist()}
    return {name: value for name, value in {**tensor, **changes}.items() if value is not None}


def _request(**changes: Any) -> bytes:
    return json.dumps({"inputs": [_tensor(**changes)]}).encode()


def _with_bytes(tail: bytes, **parameters: Any) -> tuple[bytes, dict[str, str]]:
    header = _request(data=None, parameters=parameters)
    return header + tail, {"Inference-Header-Content-Length": str(len(header))}


GOOD = _request()
BOMB = zlib.compressobj(9, zlib.DEFLATED, 31)
GZIP_BOMB = BOMB.compress(bytes(50_000_000)) + BOMB.flush()


@pytest.fixture
def server(models: ModelFactory) -> Iterator[Server]:
    limits = Limits(message_bytes=LIMIT, tensors=4, idle_seconds=1, header_bytes=4096)
    with serving([models.scaled(2), models.mixed()], limits=limits) as server:
        yield server


def _send(server: Server, body: bytes, headers: dict[str, str], path: str = PATH, method: str = "POST") -> Any:
    assert server.http is not None
    connection = http.client.HTTPConnection(server.http.host, server.http.port, timeout=20)
    try:
        connection.request(method, path, body, {**JSON, **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


FORM = "application/x-www-form-urlencoded"

CASES: dict[str, tuple[int, str, bytes, dict[str, str]]] = {
    "no JSON": (400, "not valid JSON", b"{", {}),
    "no text": (400, "not valid JSON", b"\xff\xfe\x00", {}),
    "no object": (400, "not a JSON object", b"[]", {}),
    "deep nesting": (400, "not valid JSON", b"[" * 90_000, {}),
    "inputs of a wrong type": (400, "inputs must be a list", b'{"inputs": 5}', {}),
    "an input of a wrong type": (400, "must be an object", b'{"inputs": [5]}', {}),
    "parameters of a wrong type": (400, "parameters must be", b'{"inputs": [], "parameters": {"a": []}}', {}),
    "no name": (400, "name must be text", _request(name=None), {}),
    "unknown input": (400, "'y'", _request(name="y"), {}),
    "control characters": (400, "\\n", _request(name="x\n\x1b[0m"), {}),
    "missing input": (400, "'x'", b'{"inputs": []}', {}),
    "same input twice": (400, "twice", json.dumps({"inputs": [_tensor(), _tensor()]}).encode(), {}),
    "too many tensors": (413, "at most 4 tensors", json.dumps({"inputs": [_tensor()] * 5}).encode(), {}),
    "unknown output": (
        400, "no output 'z'", json.dumps({"inputs": [_tensor()], "outputs": [{"name": "z"}]}).encode(), {}
    ),
    "BYTES": (400, "'BYTES' is not supported", _request(datatype="BYTES", data=["a"] * 6), {}),
    "BF16": (400, "'BF16' is not supported", _request(datatype="BF16"), {}),
    "wrong datatype": (400, "int32", _request(datatype="INT32", data=[1] * 6), {}),
    "text as data": (400, "list of FP32 values", _request(data=["1"] * 6), {}),
    "ragged data": (400, "list of FP32 values", _request(data=[[1, 2, 3], [4, 5]]), {}),
    "null as data": (400, "list of FP32 values", _request(data=[None] * 6), {}),
    "too few values": (400, "has 6 elements, given 5", _request(data=[1] * 5), {}),
    "negative shape": (400, "no shape", _request(shape=[-2, -3]), {}),
    "overflowing shape": (400, "no shape", _request(shape=[2**62, 4]), {}),
    "huge shape": (400, "elements, given 6", _request(shape=[2**31, 2**31]), {}),
    "long shape": (400, "no shape", _request(shape=[1] * 1000), {}),
    "shape of floats": (400, "no shape", _request(shape=[2.0, 3.0]), {}),
    "wrong shape": (400, "[3, 2]", _request(shape=[3, 2]), {}),
    "value out of range": (
        400, "between 0 and 255",
        json.dumps({"inputs": [_tensor(name="mask", datatype="UINT8", shape=[2, 5], data=[256] * 10)]}).encode(), {}
    ),
    "bytes missing": (400, "bytes are left", *_with_bytes(b"1234", binary_data_size=24)),
    "bytes left over": (400, "belong to no input", *_with_bytes(bytes(25), binary_data_size=24)),
    "negative size": (400, "binary_data_size", *_with_bytes(bytes(24), binary_data_size=-24)),
    "header length too large": (400, "Inference-Header", GOOD, {"Inference-Header-Content-Length": "99999999999"}),
    "header length no number": (400, "Inference-Header", GOOD, {"Inference-Header-Content-Length": "-1"}),
    "classification": (
        400, "classification",
        json.dumps({"inputs": [_tensor()], "outputs": [{"name": "y", "parameters": {"classification": 2}}]}).encode(),
        {},
    ),
    "wrong priority": (400, "hbm_priority", json.dumps({
        "inputs": [_tensor()], "parameters": {"hbm_priority": 256}}).encode(), {}),
    "wrong core": (400, "hbm_bpu_cores", json.dumps({
        "inputs": [_tensor()], "parameters": {"hbm_bpu_cores": "a"}}).encode(), {}),
    "too many repeats": (400, "hbm_repeat", json.dumps({
        "inputs": [_tensor()], "parameters": {"hbm_repeat": 10**9}}).encode(), {}),
    "unregistered region": (404, "no shared memory region", _request(
        data=None, parameters={"shared_memory_region": "r", "shared_memory_byte_size": 24}), {}),
    "too large": (413, "limit of 100000 bytes", bytes(LIMIT + 1), {}),
    "gzip bomb": (413, "limit of 100000 bytes", GZIP_BOMB, {"Content-Encoding": "gzip"}),
    "damaged gzip": (400, "not valid gzip", b"nonsense", {"Content-Encoding": "gzip"}),
    "cut gzip": (400, "not one whole gzip", gzip.compress(GOOD)[:-4], {"Content-Encoding": "gzip"}),
    "unknown encoding": (415, "neither gzip nor deflate", GOOD, {"Content-Encoding": "br"}),
    "wrong content type": (415, "Content-Type", GOOD, {"Content-Type": "text/plain"}),
    "a form": (415, "Content-Type", GOOD, {"Content-Type": FORM, "Sec-Fetch-Site": "cross-site"}),
    "a form of a web page": (403, "web pages", GOOD, {"Content-Type": FORM, "Origin": "https://example.org"}),
    "a web page": (403, "web pages", GOOD, {"Origin": "https://example.org"}),
    "a rebound name": (403, "does not go by the name", GOOD, {"Host": "example.org:8000"}),
}  # fmt: skip


@pytest.mark.parametrize(("status", "text", "body", "headers"), list(CASES.values()), ids=list(CASES))
def test_a_wrong_request_is_one_clear_error(
    server: Server, status: int, text: str, body: bytes, headers: dict[str, str]
) -> None:
    path = PATH.replace("times_2", "mixed") if b'"mask"' in body else PATH
    given, content = _send(server, body, headers, path)
    document = json.loads(content)
    assert (given, text in document["error"]) == (status, True), document
    assert document["hbm_error"]["class"]
    assert document["error"].isprintable()
    assert _send(server, GOOD, {})[0] == 200


def test_libcurl_may_say_what_it_says_of_every_body(server: Server) -> None:
    assert _send(server, GOOD, {"Content-Type": FORM})[0] == 200
    assert _send(server, b"{}", {"Content-Type": FORM}, "/v2/repository/index")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2/models/none/infer", 404),
        ("POST", "/v2/models/times_2/versions/2/infer", 404),
        ("POST", "/v2/models/..%2f..%2fetc%2fpasswd/infer", 404),
        ("POST", "/v2/models/%00/infer", 404),
        ("POST", "/v2/repository/models/..%2f..%2fetc%2fpasswd/load", 404),
        ("POST", "/v2/repository/models/%2e%2e/load", 404),
        ("POST", "/v2/repository/models/a%0ab/load", 404),
        ("POST", "/v2/repository/models/none/unload", 404),
        ("GET", "/v2/models/times_2/infer", 405),
        ("DELETE", "/v2/models/times_2", 405),
        ("GET", "/v2/trace/setting", 404),
        ("GET", "/", 404),
    ],
)
def test_a_wrong_path_is_one_clear_error(server: Server, method: str, path: str, status: int) -> None:
    given, content = _send(server, b"" if method == "GET" else b"{}", {}, path, method)
    document = json.loads(content)
    assert given == status
    assert document["error"].isprintable()


def _raw(server: Server, data: bytes) -> socket.socket:
    assert server.http is not None
    connection = socket.create_connection((server.http.host, server.http.port), timeout=20)
    connection.sendall(data)
    return connection


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"GET /v2 HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 10_000, b"HTTP/1.1 400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), b"HTTP/1.1 400"),  # TLS to a plain text port
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 404"),  # a client of gRPC
        (b"GET /v2 HTT", b""),  # headers that never end
        (b"", b""),  # nothing at all
        (b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{", b"HTTP/1.1 408"),
        (b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n{", b"HTTP/1.1 400"),
        (
            b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"20000\r\n" + bytes(0x20000) + b"\r\n",
            b"HTTP/1.1 413",
        ),
    ],
)
def test_what_is_no_request_ends_the_connection(server: Server, data: bytes, answer: bytes) -> None:
    with _raw(server, data) as connection:
        start = time.monotonic()
        received = b""
        while piece := connection.recv(4096):
            received += piece
            if received.startswith(answer) and answer:
                break
        assert received.startswith(answer)
        assert time.monotonic() - start < 15
    assert _send(server, GOOD, {})[0] == 200


def test_a_client_that_does_not_read_is_dropped(models: ModelFactory) -> None:
    shape = (1, 4_000_000)
    with (
        serving([models.identity("F32", shape)], limits=Limits(idle_seconds=1)) as server,
        client_of(server, "http") as client,
    ):
        body = {"name": "x", "datatype": "FP32", "shape": shape, "parameters": {"binary_data_size": 16_000_000}}
        header = json.dumps({"inputs": [body], "parameters": {"binary_data_output": True}}).encode()
        head = (
            f"POST /v2/models/{models.identity('F32', shape).stem}/infer HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {len(header)}\r\n"
            f"Content-Length: {len(header) + 16_000_000}\r\n\r\n"
        ).encode()
        with _raw(server, head + header + bytes(16_000_000)) as connection:
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17
            )  # with less, what is on its way takes minutes
            time.sleep(3)  # the server gives up after 1 s; what it had sent by then can still be read
            received = 0
            with contextlib.suppress(ConnectionError):
                while piece := connection.recv(1 << 20):
                    received += len(piece)
            assert received < 16_000_000
        assert client.is_server_ready()


def test_clients_that_vanish_leave_nothing(server: Server) -> None:
    for _ in range(20):
        connection = _raw(
            server, b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{"
        )
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, not end
        connection.close()
    with client_of(server, "http") as client:
        np.testing.assert_array_equal(infer(client, "http", "times_2", {"x": X}).as_numpy("y"), 2 * X)
    assert server.dataplane.calls == 0
