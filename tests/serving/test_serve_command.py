"""``hbm-runtime serve`` as a person starts it: what it prints, signals, wrong options."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tritonclient.http
from support import slow
from support.serving import tensors

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

FREE = ("--http=127.0.0.1:0", "--grpc=127.0.0.1:0")
X = np.arange(6, dtype=np.float32).reshape(2, 3)


@contextmanager
def _started(*words: object, ready: str = "try: curl") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program, once it has printed a line that begins like that, and what it printed."""
    command = [sys.executable, "-m", "hbm_runtime.cli", "serve", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        text = ""
        while not text.splitlines()[-1:] or not text.splitlines()[-1].startswith(ready):
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            text += line
        yield process, text
    finally:
        process.kill()
        process.communicate()


def _end(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return printed


def _is_ready(address: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{address}/v2/health/ready", timeout=20).close()
    except OSError:  # of which HTTPError is one
        return False
    return True


def _line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_it_prints_addresses_models_and_a_command_that_works(models: ModelFactory) -> None:
    with _started(models.scaled(2), models.mixed(), *FREE) as (process, text):
        assert _line(text, "grpc://127.0.0.1:")
        assert "times_2: x FP32[2, 3]" in text
        curl = _line(text, "try: ").removeprefix("try: curl ")
        with urllib.request.urlopen(curl, timeout=20) as response:
            assert json.load(response)["name"] == "times_2"
        assert "requests under way finish" in _end(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_finishes_and_new_ones_are_refused(models: ModelFactory, number: signal.Signals) -> None:
    path = models.slow()
    given = slow.inputs(slow.steps_for(path, 1.5))
    answers: list[Any] = []
    with _started(path, *FREE) as (process, text):
        address = _line(text, "http://").removeprefix("http://")

        def work() -> None:
            with tritonclient.http.InferenceServerClient(address) as client:
                answers.append(client.infer("slow", tensors("http", given)).as_numpy("y"))

        thread = threading.Thread(target=work)
        thread.start()
        url = f"http://{address}/metrics"
        while b"hbm_serving_calls 1" not in urllib.request.urlopen(url, timeout=20).read():
            assert thread.is_alive()
            time.sleep(0.01)
        process.send_signal(number)
        while _is_ready(address):
            assert thread.is_alive()
            time.sleep(0.01)
        thread.join(30)
        assert process.wait(30) == 0
    assert len(answers) == 1


def test_sighup_loads_changed_files_and_new_ones(models: ModelFactory, tmp_path: Path) -> None:
    shutil.copy(models.scaled(2), tmp_path / "a.onnx")
    with _started("--models", tmp_path, *FREE) as (process, text):
        address = _line(text, "http://").removeprefix("http://")
        with tritonclient.http.InferenceServerClient(address) as client:
            assert client.infer("a", tensors("http", {"x": X})).as_numpy("y")[0, 1] == 2
            shutil.copy(models.scaled(3), tmp_path / "next")
            (tmp_path / "next").replace(tmp_path / "a.onnx")
            shutil.copy(models.scaled(5), tmp_path / "b.onnx")
            process.send_signal(signal.SIGHUP)
            assert process.stdout is not None
            assert process.stdout.readline() == "read anew\n"
            assert client.infer("a", tensors("http", {"x": X})).as_numpy("y")[0, 1] == 3
            assert client.infer("b", tensors("http", {"x": X})).as_numpy("y")[0, 1] == 5
        _end(process)


WRONG: dict[str, tuple[list[str], int, str]] = {
    "no model": ([], 2, "no model is given"),
    "no such file": (["/none.hbm"], 1, "/none.hbm"),
    "no service": (["{model}", "--http=off", "--grpc=off"], 1, "neither HTTP nor gRPC"),
    "open to the network": (["{model}", "--http=0.0.0.0:0"], 1, "--token_file"),
    "half of TLS": (["{model}", "--tls_cert=a.pem"], 2, "belong together"),
    "client certificates without TLS": (["{model}", "--client_ca=a.pem"], 2, "--client_ca needs"),
    "no such certificate": (["{model}", "--tls_cert=/none.pem", "--tls_key=/none.pem"], 1, "/none.pem"),
    "no such policy": (["{model}", "--policy=newest"], 2, "reject"),
    "no address": (["{model}", "--http=8000"], 1, "HOST:PORT"),
}


@pytest.mark.parametrize(("words", "code", "text"), list(WRONG.values()), ids=list(WRONG))
def test_wrong_options_are_one_line(models: ModelFactory, words: list[str], code: int, text: str) -> None:
    given = [word.format(model=models.scaled(2)) for word in words]
    if not any("--http" in word for word in given):
        given += FREE
    command = [sys.executable, "-m", "hbm_runtime.cli", "serve", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    assert done.returncode == code
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_the_extra_is_imported_with_the_package() -> None:
    packages = ("grpc", "uvicorn", "starlette", "tritonclient", "google.protobuf")
    code = f"import sys, hbm_runtime; print([name for name in {packages} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
