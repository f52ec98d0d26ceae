"""Answers of all forms, and what the client makes of those that are nonsense or report an error."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.scripted_answers import X, closes, fails, good
from support.scripted_server import Received, scripted_server

from hbm_runtime import (
    DriverError,
    HbmError,
    HbmQueueFullError,
    HbmRemoteError,
    HbmTimeoutError,
    InputTypeError,
    OutOfResourcesError,
    ShapeError,
    connect,
)


def chunked(request: Received) -> None:
    header = json.dumps({"outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 3], "data": X.ravel().tolist()}]})
    pieces = [header[:10], header[10:]]
    body = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces) + "0\r\n\r\n"
    request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body.encode())


def until_closed(request: Received) -> None:
    text = json.dumps({"outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 3], "data": X.tolist()}]})
    request.send(b"HTTP/1.0 200 OK\r\n\r\n" + text.encode())
    closes(request)


def compressed(request: Received) -> None:
    assert request.headers["content-encoding"] == "gzip"
    assert gzip.decompress(request.body).endswith(X.tobytes())
    output = {"name": "y", "datatype": "FP32", "shape": [2, 3], "parameters": {"binary_data_size": 24}}
    header = json.dumps({"outputs": [output]}).encode()
    fields = {"Inference-Header-Content-Length": str(len(header)), "Content-Encoding": "gzip"}
    request.answer(gzip.compress(header + X.tobytes()), headers=fields)


@pytest.mark.parametrize("script", [good, chunked, until_closed])
def test_all_forms_of_answers_are_read(script: Callable[[Received], None]) -> None:
    with scripted_server(script) as server, connect(server.url) as rt:
        for _ in range(2):
            assert np.array_equal(rt.run(X, "m")["m"]["y"], X)


def test_compressed_answers_are_read() -> None:
    with scripted_server(compressed) as server, connect(server.url, compression="gzip") as rt:
        assert np.array_equal(rt.run(X, "m")["m"]["y"], X)


def outputs(**changes: Any) -> Callable[[Received], None]:
    """A good answer with some fields of its output changed."""
    output = {"name": "y", "datatype": "FP32", "shape": [2, 3], "parameters": {"binary_data_size": 24}, **changes}
    return lambda request: request.answer({"outputs": [output]}, 200, X.tobytes())


NONSENSE: dict[str, Callable[[Received], None]] = {
    "not HTTP": lambda request: request.send(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "no JSON": lambda request: request.answer(b"hello"),
    "JSON list": lambda request: request.answer([1]),
    "JSON text": lambda request: request.answer("x"),
    "no outputs": lambda request: request.answer({}),
    "no output of that name": outputs(name="z"),
    "text": outputs(datatype="BYTES"),
    "unknown type": outputs(datatype="FP8"),
    "other type": outputs(datatype="INT32"),
    "other shape": outputs(shape=[3, 2]),
    "shape without sense": outputs(shape="x"),
    "negative shape": outputs(shape=[-2, -3]),
    "shape does not fit the bytes": outputs(shape=[2, 4]),
    "too few bytes": outputs(parameters={"binary_data_size": 20}),
    "more bytes than there are": outputs(parameters={"binary_data_size": 2**40}),
    "negative size": outputs(parameters={"binary_data_size": -24}),
    "size that is none": outputs(parameters={"binary_data_size": None}),
    "region that nobody asked for": outputs(parameters={"shared_memory_region": "x"}),
    "header longer than the answer": lambda request: request.answer(
        {"outputs": []}, headers={"Inference-Header-Content-Length": "9999"}
    ),
    "header length that is none": lambda request: request.answer(
        {"outputs": []}, headers={"Inference-Header-Content-Length": "x"}
    ),
    "compression that is none": lambda request: request.answer(b"xx", headers={"Content-Encoding": "gzip"}),
    "unknown status": lambda request: request.send(b"HTTP/1.1 abc X\r\n\r\n"),
}


@pytest.mark.parametrize("script", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_a_remote_error(script: Callable[[Received], None]) -> None:
    with scripted_server(script) as server, connect(server.url) as rt:
        with pytest.raises(HbmError) as caught:
            rt.run(X, "m", timeout=5)
        assert isinstance(caught.value, HbmRemoteError), repr(caught.value)
        assert server.url in str(caught.value)
        assert len(server.runs) == 1


FULL = {"function": "hbDNNInferV2", "status": -200001, "status_name": "HB_X", "model": "m", "tensor": "x"}


REPORTED: dict[str, tuple[int, dict[str, Any] | None, type[HbmError]]] = {
    "ShapeError": (400, {"class": "ShapeError", **FULL}, ShapeError),
    "InputTypeError": (400, {"class": "InputTypeError"}, InputTypeError),
    "DriverError": (500, {"class": "DriverError", **FULL}, DriverError),
    "OutOfResourcesError": (429, {"class": "OutOfResourcesError", **FULL}, OutOfResourcesError),
    "HbmTimeoutError": (504, {"class": "HbmTimeoutError", "model": "m"}, HbmTimeoutError),
    "HbmQueueFullError": (503, {"class": "HbmQueueFullError"}, HbmQueueFullError),
    "HbmRemoteError": (401, {"class": "HbmRemoteError"}, HbmRemoteError),
    "unknown class": (400, {"class": "FutureError", **FULL}, HbmRemoteError),
    "class that is no exception": (400, {"class": "concurrent"}, HbmRemoteError),
    "fields of wrong types": (400, {"class": "ShapeError", "model": ["x"]}, ShapeError),
    "another make": (400, None, HbmRemoteError),
    "not found": (404, None, HbmRemoteError),
}


@pytest.mark.parametrize(("status", "error", "expected"), REPORTED.values(), ids=REPORTED)
def test_reported_errors_arrive_as_their_class(
    status: int, error: dict[str, Any] | None, expected: type[HbmError]
) -> None:
    with scripted_server(fails(status, error)) as server, connect(server.url) as rt:
        with pytest.raises(HbmError) as caught:
            rt.run(X, "m")
        assert type(caught.value) is expected
        assert "it is so" in str(caught.value)
        if isinstance(caught.value, HbmRemoteError):
            assert caught.value.code == str(status)
        for name, value in FULL.items():
            given = (error or {}).get(name)
            assert getattr(caught.value, name) == (value if given == value else None)


def test_the_body_of_a_proxy_s_error_is_shown() -> None:
    def script(request: Received) -> None:
        request.answer(b"<h1>Bad Gateway</h1>", 502)

    with scripted_server(script) as server, connect(server.url) as rt, pytest.raises(HbmRemoteError) as caught:
        rt.run(X, "m")
    assert caught.value.code == "502"
    assert "Bad Gateway" in str(caught.value)
