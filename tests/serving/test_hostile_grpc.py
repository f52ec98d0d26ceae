"""gRPC calls that are wrong in some way: one clear error to that client, nothing to others, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from support.live import nothing_leaks
from support.serving import serving

from hbm_runtime.serving.protocol.messages import SERVICE, message
from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import Limits

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
LIMIT = 100_000


@pytest.fixture
def server(models: ModelFactory) -> Iterator[Server]:
    with serving([models.scaled(2)], limits=Limits(message_bytes=LIMIT, tensors=4)) as server:
        yield server


@pytest.fixture
def channel(server: Server) -> Iterator[Any]:
    with grpc.insecure_channel(str(server.grpc)) as channel:
        yield channel


def _call(channel: Any, method: str, data: bytes, **options: Any) -> Any:
    return channel.unary_unary(f"/{SERVICE}/{method}")(data, timeout=20, **options)


def _request(raw: list[bytes] | None = None, model: str = "times_2", **changes: Any) -> bytes:
    tensor = {"name": "x", "datatype": "FP32", "shape": [2, 3], **changes}
    request = message("ModelInferRequest")(model_name=model, raw_input_contents=[X.tobytes()] if raw is None else raw)
    request.inputs.add(**tensor)
    data: bytes = request.SerializeToString()
    return data


def _shared(**parameters: Any) -> bytes:
    request = message("ModelInferRequest").FromString(_request([]))
    for name, value in parameters.items():
        field = "int64_param" if isinstance(value, int) else "string_param"
        setattr(request.inputs[0].parameters[name], field, value)
    data: bytes = request.SerializeToString()
    return data


CASES: dict[str, tuple[str, str, str, bytes]] = {
    "no message": ("ModelInfer", "INVALID_ARGUMENT", "no serialized request", b"\xff\xff\xff"),
    "cut message": ("ModelInfer", "INVALID_ARGUMENT", "no serialized request", _request()[:-3]),
    "empty message": ("ModelInfer", "NOT_FOUND", "no model is named", b""),
    "unknown model": ("ModelInfer", "NOT_FOUND", "no model is named", _request(model="../../etc/passwd")),
    "NUL in the name": ("ModelInfer", "NOT_FOUND", "\\x00", _request(model="a\0b")),
    "no bytes": ("ModelInfer", "INVALID_ARGUMENT", "6 elements, given 0", _request([])),
    "too many entries": ("ModelInfer", "INVALID_ARGUMENT", "has 2 entries", _request([X.tobytes()] * 2)),
    "too few bytes": ("ModelInfer", "INVALID_ARGUMENT", "needs 24 bytes, given 20", _request([X.tobytes()[:-4]])),
    "negative shape": ("ModelInfer", "INVALID_ARGUMENT", "no shape", _request(shape=[-2, -3])),
    "overflowing empty shape": ("ModelInfer", "INVALID_ARGUMENT", "no shape", _request([b""], shape=[2**62, 2**62, 0])),
    "too large an empty shape": ("ModelInfer", "INVALID_ARGUMENT", "no shape", _request([b""], shape=[2**61, 0])),
    "overflowing shape": ("ModelInfer", "INVALID_ARGUMENT", "no shape", _request(shape=[2**62, 2**62])),
    "BYTES": ("ModelInfer", "INVALID_ARGUMENT", "'BYTES' is not supported", _request(datatype="BYTES")),
    "wrong datatype": ("ModelInfer", "INVALID_ARGUMENT", "int32", _request(datatype="INT32")),
    "unknown input": ("ModelInfer", "INVALID_ARGUMENT", "'y'", _request(name="y")),
    "unregistered region": (
        "ModelInfer", "NOT_FOUND", "no shared memory region",
        _shared(shared_memory_region="r", shared_memory_byte_size=24),
    ),
    "region without a size": ("ModelInfer", "INVALID_ARGUMENT", "whole numbers", _shared(shared_memory_region="r")),
    "too large": ("ModelInfer", "RESOURCE_EXHAUSTED", "", bytes(LIMIT + 1)),
    "load of a path": (
        "RepositoryModelLoad", "NOT_FOUND", "no model file",
        message("RepositoryModelLoadRequest")(model_name="../x").SerializeToString(),
    ),
    "upload that is not allowed": (
        "RepositoryModelLoad", "PERMISSION_DENIED", "--allow_upload",
        message("RepositoryModelLoadRequest")(
            model_name="x",
            parameters={"file:1/model.hbm": message("ModelRepositoryParameter")(bytes_param=b"x")},
        ).SerializeToString(),
    ),
    "not implemented": ("LogSettings", "UNIMPLEMENTED", "", b""),
    "GPU memory": ("CudaSharedMemoryRegister", "UNIMPLEMENTED", "", b""),
}  # fmt: skip


@pytest.mark.parametrize(("method", "code", "text", "data"), list(CASES.values()), ids=list(CASES))
def test_a_wrong_call_is_one_clear_error(channel: Any, method: str, code: str, text: str, data: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        _call(channel, method, data)
    assert caught.value.code().name == code
    assert text in caught.value.details()
    if text:
        trailing = dict(caught.value.trailing_metadata())
        assert json.loads(trailing["hbm-error-bin"])["class"]
    assert _call(channel, "ModelInfer", _request())


def test_a_message_that_grows_over_the_limit_is_refused(channel: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        _call(channel, "ModelInfer", bytes(50_000_000), compression=grpc.Compression.Gzip)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert _call(channel, "ModelInfer", _request())


def test_what_is_no_grpc_ends_the_connection(server: Server, channel: Any) -> None:
    assert server.grpc is not None
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01" + bytes(100), bytes(1000)):
        with socket.create_connection((server.grpc.host, server.grpc.port), timeout=20) as connection:
            connection.sendall(data)
            while connection.recv(4096):
                pass
    assert _call(channel, "ModelInfer", _request())


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """One frame of HTTP/2."""
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def _headers_of_a_call() -> bytes:
    """The headers of an inference, each as a literal that needs no table."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"/{SERVICE}/ModelInfer",
        ":authority": "x",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    texts = [
        bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in fields.items()
    ]
    return b"".join(texts)


DATA, HEADERS, RESET, SETTINGS, PING = 0, 1, 3, 4, 6
ACKNOWLEDGED, END_OF_HEADERS = 1, 4
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(SETTINGS, 0, 0, b"")
CALL = _frame(HEADERS, END_OF_HEADERS, 1, _headers_of_a_call())


BEFORE_SILENCE = {
    "nothing": GREETING,
    "headers": GREETING + CALL,
    "half a message": GREETING + CALL + _frame(DATA, 0, 1, b"\0\0\0\3\xe8abc"),
}


def test_clients_that_fall_silent_are_dropped_and_harm_nobody(models: ModelFactory) -> None:
    with (
        serving([models.scaled(2)], limits=Limits(calls=1, idle_seconds=1)) as server,
        grpc.insecure_channel(str(server.grpc)) as channel,
        contextlib.ExitStack() as connections,
    ):
        assert server.grpc is not None
        # Side by side: how long a connection without a call lives is gRPC's affair.
        silent = {
            name: connections.enter_context(socket.create_connection((server.grpc.host, server.grpc.port), timeout=30))
            for name in BEFORE_SILENCE
        }
        for name, connection in silent.items():
            connection.sendall(BEFORE_SILENCE[name])
            assert _call(channel, "ModelInfer", _request()), name
        for connection in silent.values():
            while connection.recv(4096):  # its pings are not answered, so the server ends the connection
                pass
            assert _call(channel, "ModelInfer", _request())
        assert server.dataplane.calls == 0


@pytest.mark.parametrize("sent", [b"", _frame(DATA, 0, 1, b"\0\0\0\3\xe8abc")], ids=["nothing", "half a message"])
def test_a_client_that_answers_pings_but_sends_no_message_loses_its_place(models: ModelFactory, sent: bytes) -> None:
    limits = Limits(calls=1, idle_seconds=1, receive_seconds=2)
    with serving([models.scaled(2)], limits=limits) as server:
        assert server.grpc is not None
        with socket.create_connection((server.grpc.host, server.grpc.port), timeout=30) as client:
            client.sendall(GREETING + CALL + sent)
            pings = 0
            with client.makefile("rb") as reader:
                while True:
                    head = reader.read(9)
                    assert len(head) == 9, "the server ended the connection and not the call"
                    length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                    payload = reader.read(length)
                    if kind == PING and not flags & ACKNOWLEDGED:
                        client.sendall(_frame(PING, ACKNOWLEDGED, 0, payload))
                        pings += 1
                    elif kind == RESET:
                        break
            assert pings
        with grpc.insecure_channel(str(server.grpc)) as channel:
            assert _call(channel, "ModelInfer", _request())


def test_a_call_without_a_message_is_refused(channel: Any) -> None:
    answer = channel.stream_unary(f"/{SERVICE}/ModelInfer").future(iter([]), timeout=20)
    assert (answer.code().name, answer.details()) == ("INVALID_ARGUMENT", "the call ended without a message")


def test_random_bytes_are_answered_every_time(channel: Any) -> None:
    """Mutations of a good request: each is an answer or an error of the client's making."""
    good = _request()
    random = np.random.default_rng(1)
    allowed = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED"}
    for _ in range(300):
        data = bytearray(good)
        for _ in range(random.integers(1, 4)):
            data[random.integers(len(data))] = random.integers(256)
        answer = channel.unary_unary(f"/{SERVICE}/ModelInfer").future(bytes(data), timeout=20)
        assert answer.code().name in allowed, (bytes(data), answer)


def test_calls_over_the_limit_are_refused(models: ModelFactory) -> None:
    codes: list[str] = []
    start = threading.Barrier(12)
    with (
        serving([models.scaled(2)], limits=Limits(calls=1)) as server,
        grpc.insecure_channel(str(server.grpc)) as channel,
    ):

        def call() -> None:
            start.wait(20)
            method = channel.unary_unary(f"/{SERVICE}/ModelInfer")
            codes.extend(method.future(_request(), timeout=20).code().name for _ in range(10))

        threads = [threading.Thread(target=call) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert _call(channel, "ModelInfer", _request())
    assert len(codes) == 120
    assert "OK" in codes
    assert set(codes) <= {"OK", "RESOURCE_EXHAUSTED"}, set(codes)
