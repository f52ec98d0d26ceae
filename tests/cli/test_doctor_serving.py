"""``doctor`` says whether a server could be started: ports, certificates, keys, tokens."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.certificates import Authority
from support.program import run
from support.serving import serving

FREE = ("--http=127.0.0.1:0", "--grpc=off")


def _found(words: list[str], cwd: Path | None = None) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit code and findings by subject."""
    ended = run("doctor", "--json", *words, cwd=cwd)
    return ended.code, {row["subject"]: row for row in json.loads(ended.out)["serving"]["findings"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys, right and wrong."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder, "ca")
    for name, expired in (("good", False), ("other", False), ("old", True)):
        authority.issue(name, host="robot.local", expired=expired)[1].chmod(0o600)
    shutil.copy(folder / "good.key", folder / "open.key")
    (folder / "open.key").chmod(0o644)
    (folder / "text").write_text("no certificate")
    command = ["openssl", "pkcs8", "-topk8", "-in", "good.key", "-out", "locked.key", "-passout", "pass:secret"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "tokens").write_text("infer 0123456789abcdef0123\n")
    (folder / "tokens").chmod(0o600)
    (folder / "short").write_text("infer abc\n")
    (folder / "short").chmod(0o600)
    return folder


CASES: dict[str, tuple[str, str, str, str]] = {
    "good": ("--tls_cert=good.crt --tls_key=good.key", "certificate", "note", "robot.local, valid for another 1 days"),
    "expired": ("--tls_cert=old.crt --tls_key=old.key", "certificate", "problem", "has expired"),
    "foreign key": ("--tls_cert=good.crt --tls_key=other.key", "certificate", "problem", "do not belong together"),
    "no certificate": ("--tls_cert=text --tls_key=good.key", "certificate", "problem", "no certificate and key"),
    "missing": ("--tls_cert=none --tls_key=good.key", "certificate", "problem", "No such file"),
    "encrypted key": ("--tls_cert=good.crt --tls_key=locked.key", "certificate", "problem", "is encrypted"),
    "open key": ("--tls_cert=good.crt --tls_key=open.key", "key", "note", "read by others"),
    "authority": ("--tls_cert=good.crt --tls_key=good.key --client_ca=ca.pem", "client CA", "note", "1 days"),
    "no authority": (
        "--tls_cert=good.crt --tls_key=good.key --client_ca=other.crt", "client CA", "problem", "no authority",
    ),
    "tokens": ("--token_file=tokens", "tokens", "ok", "tokens"),
    "short tokens": ("--token_file=short", "tokens", "problem", "short"),
    "open to the network": ("--http=0.0.0.0:0", "security", "problem", "other machines"),
    "no address": ("--http=8000", "HTTP", "problem", "HOST:PORT"),
    "foreign address": ("--http=192.0.2.1:8000 --token_file=tokens", "HTTP", "problem", "192.0.2.1:8000"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "subject", "state", "text"), list(CASES.values()), ids=list(CASES))
def test_what_keeps_a_server_from_starting_is_found(
    folder: Path, words: str, subject: str, state: str, text: str
) -> None:
    code, found = _found([*FREE, *words.split()], folder)
    assert (found[subject]["state"], text in found[subject]["text"]) == (state, True), found
    assert code == (1 if state == "problem" else 0)


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"127.0.0.1:{other.getsockname()[1]}"


def test_a_port_in_use_is_told_with_its_user(taken: str) -> None:
    row = _found(["--http=off", f"--grpc={taken}"])[1]["gRPC"]
    assert (row["state"], row["text"]) == ("problem", f"{taken} is in use by another program")
    with serving(allow_upload=True) as server:
        row = _found([f"--http={server.http}", "--grpc=off"])[1]["HTTP"]
    assert row["state"] == "note"
    assert "in use by the server hbm_runtime" in row["text"]
