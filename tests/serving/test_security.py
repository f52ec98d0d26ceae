"""TLS, tokens and roles, and what may listen where."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from support.certificates import Authority
from support.live import nothing_leaks
from support.serving import MODULES, address_of, client_of, infer, serving, tensors

from hbm_runtime import InputError
from hbm_runtime.serving.access.security import TokenFile
from hbm_runtime.serving.addresses import is_loopback, parse_address
from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import TlsFiles

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
TOKENS = {role: f"{role}-token-0123456789" for role in ("infer", "control", "metrics")}


def _token_file(folder: Path) -> Path:
    path = folder / "tokens"
    path.write_text("# who may what\n" + "".join(f"{role} {token}\n" for role, token in TOKENS.items()))
    path.chmod(0o600)
    return path


@pytest.fixture
def guarded(models: ModelFactory, tmp_path: Path) -> Iterator[Server]:
    with serving([models.scaled(2)], token_file=_token_file(tmp_path)) as server:
        yield server


ACTIONS: dict[str, Any] = {
    "infer": lambda client, protocol, headers: client.infer("times_2", tensors(protocol, {"x": X}), headers=headers),
    "metadata": lambda client, _, headers: client.get_model_metadata("times_2", headers=headers),
    "index": lambda client, _, headers: client.get_model_repository_index(headers=headers),
    "load": lambda client, _, headers: client.load_model("times_2", headers=headers),
    "live": lambda client, _, headers: client.is_server_live(headers=headers),
    "ready": lambda client, _, headers: client.is_server_ready(headers=headers),
}


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("infer", {"infer"}), ("metadata", {"infer"}), ("index", {"infer"}), ("load", {"control"}),
        ("live", {*TOKENS, "none", "wrong", "empty", "basic"}), ("ready", {*TOKENS, "none", "wrong", "empty", "basic"}),
    ],
)  # fmt: skip
def test_each_role_does_what_it_may(guarded: Server, protocol: str, action: str, allowed: set[str]) -> None:
    headers: dict[str, dict[str, str]] = {
        **{role: {"authorization": f"Bearer {token}"} for role, token in TOKENS.items()},
        "none": {},
        "wrong": {"authorization": "Bearer infer-token-0123456788"},
        "empty": {"authorization": "Bearer "},
        "basic": {"authorization": f"Basic {TOKENS['infer']}"},
    }
    with client_of(guarded, protocol) as client:
        for name, each in headers.items():
            if name in allowed:
                assert ACTIONS[action](client, protocol, each) is not False
            else:
                wrong = "needs the role" if name in TOKENS else "token"
                with pytest.raises(Exception, match=wrong) as caught:
                    ACTIONS[action](client, protocol, each)
                assert TOKENS["infer"] not in str(caught.value)


def test_metrics_have_a_role_of_their_own(guarded: Server) -> None:
    import urllib.error
    import urllib.request

    def status(headers: dict[str, str]) -> int:
        request = urllib.request.Request(f"http://{guarded.http}/metrics", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                assert b"hbm_serving_ready 1" in response.read()
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert status({}) == 401
    assert status({"Authorization": f"Bearer {TOKENS['infer']}"}) == 403
    assert status({"Authorization": f"Bearer {TOKENS['metrics']}"}) == 200


def test_tokens_are_read_anew(guarded: Server, tmp_path: Path, protocol: str) -> None:
    headers = {"authorization": "Bearer fresh-token-0123456789"}
    with client_of(guarded, protocol) as client:
        with pytest.raises(Exception, match="not known"):
            infer(client, protocol, "times_2", {"x": X}, headers=headers)
        (tmp_path / "tokens").write_text("all fresh-token-0123456789\n")
        guarded.reload()
        assert infer(client, protocol, "times_2", {"x": X}, headers=headers) is not None
        (tmp_path / "tokens").write_text("nonsense")
        guarded.reload()
        assert infer(client, protocol, "times_2", {"x": X}, headers=headers) is not None


@pytest.mark.parametrize(
    ("text", "mode", "wrong"),
    [
        ("infer short\n", 0o600, "line 1"),
        ("# comment\nroot token-0123456789abc\n", 0o600, "line 2"),
        ("infer token-0123456789abc more\n", 0o600, "line 1"),
        ("# nothing\n", 0o600, "no tokens"),
        ("infer token-0123456789abc\n", 0o644, "chmod 600"),
    ],
)
def test_a_wrong_token_file_is_refused(tmp_path: Path, text: str, mode: int, wrong: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(InputError, match=wrong):
        TokenFile(path)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def _client(server: Server, protocol: str, ca: Path, pair: tuple[Path, Path] | None = None) -> Any:
    if protocol == "http":
        context = ssl.create_default_context(cafile=ca)
        if pair is not None:
            context.load_cert_chain(*pair)
        return tritonclient.http.InferenceServerClient(
            address_of(server, protocol), ssl=True, ssl_context_factory=lambda: context
        )
    certificate, key = pair if pair is not None else (None, None)
    credentials = grpc.ssl_channel_credentials(
        ca.read_bytes(),
        None if key is None else key.read_bytes(),
        None if certificate is None else certificate.read_bytes(),
    )
    return tritonclient.grpc.InferenceServerClient(address_of(server, protocol), creds=credentials)


def _run(server: Server, protocol: str, ca: Path, pair: tuple[Path, Path] | None = None) -> Any:
    client = _client(server, protocol, ca, pair)
    try:
        options = {"client_timeout": 5} if protocol == "grpc" else {}
        return client.infer("times_2", tensors(protocol, {"x": X}), **options).as_numpy("y")
    finally:
        client.close()


def test_tls_and_client_certificates(models: ModelFactory, protocol: str, tmp_path: Path, authority: Authority) -> None:
    foreign = Authority(tmp_path, "foreign")
    with serving([models.scaled(2)], tls=TlsFiles(*authority.issue("server"), authority.file)) as server:
        np.testing.assert_array_equal(_run(server, protocol, authority.file, authority.issue("client")), 2 * X)
        for pair in (None, foreign.issue("stranger"), authority.issue("old", expired=True)):
            with pytest.raises(Exception, match=r"(?i)ssl|tls|handshake|certificate|unavailable|reset|closed|socket"):
                _run(server, protocol, authority.file, pair)
        with pytest.raises(Exception, match=r"(?i)ssl|certificate|unavailable|failed"):
            _run(server, protocol, foreign.file, authority.issue("client"))
        np.testing.assert_array_equal(_run(server, protocol, authority.file, authority.issue("client")), 2 * X)


def test_plain_text_to_a_tls_port_is_ended(models: ModelFactory, protocol: str, authority: Authority) -> None:
    with serving([models.scaled(2)], tls=TlsFiles(*authority.issue("server"))) as server:
        host, port = address_of(server, protocol).split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(b"GET /v2 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            received = b""
            try:
                while piece := connection.recv(4096):
                    received += piece
            except ConnectionError:
                pass
        assert b"200" not in received
        np.testing.assert_array_equal(_run(server, protocol, authority.file), 2 * X)


def test_certificates_are_read_anew(
    models: ModelFactory, protocol: str, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hbm_runtime.serving.access.tls._LOOK_AGAIN_SECONDS", 0.0)
    other = Authority(tmp_path, "other")
    certificate, key = authority.issue("server")
    with serving([models.scaled(2)], tls=TlsFiles(certificate, key)) as server:
        np.testing.assert_array_equal(_run(server, protocol, authority.file), 2 * X)
        new_certificate, new_key = other.issue("renewed")
        new_certificate.replace(certificate)
        # The pair does not fit now, so the old one stays.
        np.testing.assert_array_equal(_run(server, protocol, authority.file), 2 * X)
        new_key.replace(key)
        np.testing.assert_array_equal(_run(server, protocol, other.file), 2 * X)


@pytest.mark.parametrize("option", ["http", "grpc"])
def test_other_addresses_need_tls_or_tokens(models: ModelFactory, tmp_path: Path, option: str) -> None:
    address = {option: "0.0.0.0:0"}
    with pytest.raises(InputError, match="--token_file"), serving([models.scaled(2)], **address):
        pass
    with serving([models.scaled(2)], token_file=_token_file(tmp_path), **address) as server:
        assert "plain text" in server.warnings[0]


def test_without_tokens_the_network_may_not_control(models: ModelFactory, protocol: str, authority: Authority) -> None:
    addresses = {"http": "0.0.0.0:0", "grpc": "0.0.0.0:0"}
    with serving([models.scaled(2)], tls=TlsFiles(*authority.issue("server")), **addresses) as server:
        assert "may run models" in server.warnings[0]
        port = address_of(server, protocol).rpartition(":")[2]
        if protocol == "http":
            context = ssl.create_default_context(cafile=authority.file)
            client: Any = tritonclient.http.InferenceServerClient(
                f"127.0.0.1:{port}", ssl=True, ssl_context_factory=lambda: context
            )
        else:
            credentials = grpc.ssl_channel_credentials(authority.file.read_bytes())
            client = MODULES["grpc"].InferenceServerClient(f"127.0.0.1:{port}", creds=credentials)
        with pytest.raises(Exception, match="needs the role control"):
            client.unload_model("times_2")
        assert client.is_model_ready("times_2")
        client.close()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.example.org", False), ("", False),
    ],
)  # fmt: skip
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("text", ["", "8000", ":8000", "host", "host:", "host:x", "host:65536", "host:-1"])
def test_a_wrong_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        parse_address(text)


def test_a_port_in_use_is_reported(models: ModelFactory, protocol: str) -> None:
    with serving([models.scaled(2)]) as first:
        taken = {protocol: address_of(first, protocol)}
        with pytest.raises(OSError, match="cannot listen"), serving([models.scaled(3)], **taken):
            pass
