"""The commands with ``--url`` show of a server what they show of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.model_factory import ModelFactory
from support.program import run
from support.remote import url_of
from support.serving import serving

X = np.arange(6, dtype=np.float32).reshape(2, 3)
TOKEN = "t" * 40


@pytest.fixture(scope="module", params=["http", "grpc"])
def url(request: pytest.FixtureRequest, models: ModelFactory) -> Iterator[str]:
    with serving([models.scaled(2), models.mixed()]) as server:
        yield url_of(server, request.param)


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_model_info(url: str, models: ModelFactory, tmp_path: Path) -> None:
    here = run("model_info", models.scaled(2), models.mixed(), "--json", cwd=tmp_path).json()
    there = run("model_info", "--url", url, "--json", cwd=tmp_path).json()
    assert without(there, "load_ms", "files") == without(here, "load_ms", "files")
    assert "times_2" in run("model_info", f"--url={url}", "--model_name", "times_2", cwd=tmp_path).out


def test_infer(url: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    words = ("infer", "--url", url, "--model_name", "times_2", "--input_file", "x.npy", "--json")
    document = run(*words, "--enable_dump", "--dump_format=npy", cwd=tmp_path).json()
    assert np.array_equal(np.load(tmp_path / document["outputs"][0]["file"]), 2 * X)


def test_perf(url: str, tmp_path: Path) -> None:
    words = ("perf", "--url", url, "--model_name", "times_2", "--frame_count", "20", "--thread_num", "2", "--json")
    report = run(*words, "--profile_path", "out", cwd=tmp_path).json()
    assert report["running_condition"]["frame_count"] == 20
    assert sum(core["tasks"] for core in report["cores"]) >= 20
    assert "ucp_version: 3." in (tmp_path / "out" / "profiler.log").read_text()


def test_monitor(url: str, tmp_path: Path) -> None:
    ended = run("monitor", "--url", url, "-n", "2", "-d", "100", "--batch", "--verbose", cwd=tmp_path)
    assert ended.code == 0
    assert ended.out.count("BPU0") == 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("infer", "--url", "http://127.0.0.1:9", "model.onnx"), "does not go with --url"),
        (("perf", "--url", "http://127.0.0.1:9", "--driver", "bpusim"), "--driver does not go with --url"),
        (("infer", "--url", "http://127.0.0.1:9", "--engine", "openvino"), "--engine does not go with --url"),
        (("perf", "--url", "http://127.0.0.1:9", "--rewrite"), "--rewrite does not go with --url"),
        (("infer", "--url", "http://127.0.0.1:9", "--dump_intermediate", "1"), "--dump_intermediate"),
        (("model_info", "--url", "http://127.0.0.1:9", "--graph", "x.svg"), "--graph"),
        (("monitor", "--url", "http://127.0.0.1:9", "--pid", "1"), "--pid"),
        (("model_info", "--ca", "x.pem"), "--ca goes with --url only"),
        (("model_info",), "--url"),
    ],
)
def test_options_that_do_not_go_together(words: tuple[str, ...], text: str, tmp_path: Path) -> None:
    ended = run(*words, cwd=tmp_path)
    assert ended.code == 2
    assert text in ended.err


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    ended = run("model_info", "--url", "http://127.0.0.1:9", cwd=tmp_path)
    assert ended.code == 1
    assert ended.err.startswith("hbm-runtime model_info: http://127.0.0.1:9: no connection")
    assert ended.err.count("\n") == 1


def test_the_token_comes_from_a_file(models: ModelFactory, tmp_path: Path) -> None:
    tokens, token = tmp_path / "tokens", tmp_path / "token"
    tokens.write_text(f"infer {TOKEN}\n")
    tokens.chmod(0o600)
    token.write_text(TOKEN)
    with serving([models.scaled(2)], token_file=tokens) as server:
        url = url_of(server, "http")
        assert run("model_info", "--url", url, "--token_file", token, cwd=tmp_path).code == 0
        assert run("model_info", "--url", url, cwd=tmp_path).code == 1
