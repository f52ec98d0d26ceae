"""Certificates and tokens: who is trusted, what is shown, and what a failure says. HTTP and gRPC alike."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from support.certificates import Authority, server_context
from support.scripted_server import Received, scripted_server
from tritonclient.grpc import service_pb2, service_pb2_grpc

from hbm_runtime import HbmError, HbmNetworkError, HbmRemoteError, InputError, InputTypeError, RemoteRuntime, connect

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@dataclass
class Pki:
    """Two authorities, and the files of the right one's server and client."""

    folder: Path
    ours: Authority
    foreign: Authority


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    return Pki(folder, Authority(folder, "ours"), Authority(folder, "foreign"))


def echo(request: Received) -> None:
    output = {"name": "y", "datatype": "FP32", "shape": [2, 3], "parameters": {"binary_data_size": 24}}
    request.answer({"outputs": [output]}, 200, request.body[-24:])


class Echo(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """The model "m" over gRPC; notes the tokens that it is shown."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = []

    def _note(self, context: Any) -> None:
        self.tokens.append(dict(context.invocation_metadata()).get("authorization"))

    def ServerMetadata(self, _request: Any, context: Any) -> Any:
        self._note(context)
        return service_pb2.ServerMetadataResponse(name="echo")

    def ModelMetadata(self, request: Any, context: Any) -> Any:
        self._note(context)
        tensor = {"datatype": "FP32", "shape": [2, 3]}
        return service_pb2.ModelMetadataResponse(
            name=request.name, inputs=[{"name": "x", **tensor}], outputs=[{"name": "y", **tensor}]
        )

    def ModelInfer(self, request: Any, context: Any) -> Any:
        self._note(context)
        response = service_pb2.ModelInferResponse()
        response.outputs.add(name="y", datatype="FP32", shape=[2, 3])
        response.raw_output_contents.append(request.raw_input_contents[0])
        return response


Tls = tuple[tuple[Path, Path], Authority | None]


@contextmanager
def grpc_echo(tls: Tls | None) -> Iterator[tuple[str, list[str | None]]]:
    servicer = Echo()
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, server)
        if tls is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            (certificate, key), clients = tls
            credentials = grpc.ssl_server_credentials(
                [(key.read_bytes(), certificate.read_bytes())],
                None if clients is None else clients.file.read_bytes(),
                require_client_auth=clients is not None,
            )
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        try:
            yield f"grpc{'s' if tls else ''}://127.0.0.1:{port}", servicer.tokens
        finally:
            server.stop(None).wait()


@contextmanager
def http_echo(tls: Tls | None) -> Iterator[tuple[str, list[str | None]]]:
    context = None if tls is None else server_context(*tls)
    with scripted_server(echo, context) as server:
        tokens: list[str | None] = Tokens(server.runs)
        yield server.url, tokens


class Tokens(list[Any]):
    """The tokens of the runs, looked up when they are asked for."""

    def __init__(self, runs: list[Received]) -> None:
        super().__init__()
        self._runs = runs

    def __getitem__(self, index: Any) -> Any:
        return [run.headers.get("authorization") for run in self._runs][index]


Serve = Callable[[Tls | None], Any]
SERVERS: dict[str, Serve] = {"http": http_echo, "grpc": grpc_echo}


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def serve(request: pytest.FixtureRequest) -> Serve:
    """A server of either protocol."""
    made: Serve = request.param
    return made


def open_model(url: str, **options: Any) -> RemoteRuntime:
    return connect(url, models=["m"], timeout=5, **options)


def works(url: str, **options: Any) -> None:
    with open_model(url, **options) as runtime:
        assert np.array_equal(runtime.run(X)["m"]["y"], X)


def test_a_server_with_a_trusted_certificate(serve: Serve, pki: Pki) -> None:
    with serve((pki.ours.issue("server"), None)) as (url, _):
        works(url, ca=pki.ours.file)


@pytest.mark.parametrize(
    ("certificate", "hint"),
    [
        (lambda pki: pki.foreign.issue("stranger"), ""),
        (lambda pki: pki.ours.issue("old", expired=True), "expired"),
        (lambda pki: pki.ours.issue("elsewhere", host="robot.example"), ""),
    ],
    ids=["foreign", "expired", "other host"],
)
def test_a_server_that_is_not_trusted(
    serve: Serve, pki: Pki, certificate: Callable[[Pki], tuple[Path, Path]], hint: str
) -> None:
    with serve((certificate(pki), None)) as (url, _), pytest.raises(HbmNetworkError) as caught:
        open_model(url, ca=pki.ours.file)
    assert url in str(caught.value)
    assert hint in str(caught.value)
    assert re.search("certificate|verif", str(caught.value), re.IGNORECASE)
    assert not caught.value.may_have_run


def test_without_ca_the_system_decides(serve: Serve, pki: Pki) -> None:
    with serve((pki.ours.issue("server"), None)) as (url, _), pytest.raises(HbmNetworkError):
        open_model(url)


def test_client_certificates(serve: Serve, pki: Pki) -> None:
    with serve((pki.ours.issue("server"), pki.ours)) as (url, _):
        certificate, key = pki.ours.issue("client")
        works(url, ca=pki.ours.file, cert=certificate, key=key)
        both = pki.folder / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        works(url, ca=pki.ours.file, cert=both)
        for options in ({}, dict(zip(("cert", "key"), pki.foreign.issue("spy"), strict=True))):
            with pytest.raises(HbmNetworkError):
                open_model(url, ca=pki.ours.file, **options)


def test_plain_text_to_tls_and_tls_to_plain_text(serve: Serve, pki: Pki) -> None:
    with serve((pki.ours.issue("server"), None)) as (url, _), pytest.raises(HbmError) as caught:
        open_model(url.replace("s://", "://"))
    assert isinstance(caught.value, (HbmNetworkError, HbmRemoteError))
    with serve(None) as (url, _), pytest.raises(HbmNetworkError):
        open_model(url.replace("://", "s://"))


def test_several_threads_share_a_connection_with_tls(serve: Serve, pki: Pki) -> None:
    with serve((pki.ours.issue("server"), None)) as (url, _), open_model(url, ca=pki.ours.file) as runtime:
        wrong: list[object] = []

        def run(number: int) -> None:
            for _ in range(20):
                result = runtime.run(X + number)["m"]["y"]
                if not np.array_equal(result, X + number):
                    wrong.append(result)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_the_token_is_shown_with_every_call_and_read_anew_from_its_file(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    with serve(None) as (url, tokens):
        with open_model(url, token=file) as runtime:
            runtime.run(X)
            assert tokens[-1] == "Bearer first"
            file.write_text("second")
            runtime.run(X)
            assert tokens[-1] == "Bearer second"
        with open_model(url, token="third") as runtime:
            runtime.run(X)
            assert tokens[-1] == "Bearer third"
            assert "third" not in repr(runtime)
            assert "third" not in repr(runtime._options)
        with open_model(url) as runtime:
            runtime.run(X)
            assert tokens[-1] is None


WRONG: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "key without cert": ({"key": "k.pem"}, InputError),
    "ca without TLS": ({"ca": "ca.pem"}, InputError),
    "missing token file": ({"token": Path("nowhere")}, InputError),
    "empty token": ({"token": ""}, InputError),
    "token with a line break": ({"token": "a\r\nX: y"}, InputError),
    "token that no header can hold": ({"token": "ü"}, InputError),
    "token of bytes": ({"token": b"x"}, InputTypeError),
    "compression": ({"compression": "zip"}, InputError),
    "shared memory": ({"shared_memory": "yes"}, InputError),
    "timeout": ({"timeout": -1}, InputError),
    "timeout's type": ({"timeout": "1"}, TypeError),
    "models as text": ({"models": "m"}, InputTypeError),
}


@pytest.mark.parametrize(("options", "error"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_wrong_options(scheme: str, options: dict[str, Any], error: type[Exception], tmp_path: Path) -> None:
    for name in ("ca", "key"):
        if name in options:
            options = {**options, name: tmp_path / options[name]}
            options[name].write_text("x")
    with pytest.raises(error):
        connect(f"{scheme}://127.0.0.1:9", **options)


@pytest.mark.parametrize("option", ["ca", "cert"])
@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_files_that_are_no_certificates(scheme: str, option: str, tmp_path: Path) -> None:
    file = tmp_path / "file"

    def connect_with(option: str) -> None:
        options: dict[str, Any] = {option: file}
        connect(f"{scheme}://127.0.0.1:9", **options)

    with pytest.raises(InputError, match="file"):
        connect_with(option)
    file.write_text("nothing")
    with pytest.raises(InputError, match="file"):
        connect_with(option)


@pytest.mark.parametrize(
    "url",
    [
        "", ",", "robot", "robot:8000", "ftp://robot", "http://", "http://robot:x", "http://robot:99999", "http://a b",
        "http://user:secret@robot", "http://robot?x=1", "http://robot#x", "grpc://robot/base", "http://a,grpc://b",
        "http://a,http://a",
    ],
)  # fmt: skip
def test_wrong_urls(url: str) -> None:
    with pytest.raises(InputError) as caught:
        connect(url)
    assert "secret" not in str(caught.value)


def test_a_url_is_text() -> None:
    with pytest.raises(InputTypeError):
        connect(b"http://robot")  # type: ignore[arg-type]
