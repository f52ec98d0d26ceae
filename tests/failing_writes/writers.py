"""Whatever writes a file of its own, with small files. Each prepares once, then writes again and again."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from onnx import helper
from support.onnx_models import build

from hbm_runtime import HB_HBMRuntime, HbmError
from hbm_runtime.cli.errors import CommandError
from hbm_runtime.cli.program import main
from hbm_runtime.cli.reporting.page import write_page
from hbm_runtime.encryption import _header, decrypt_model, encrypt_model
from hbm_runtime.encryption._library import scrypt
from hbm_runtime.packer import ModelOptions, PackError, link, pack
from hbm_runtime.serving.failures import RefusedError
from hbm_runtime.serving.models.uploads import UploadFolder

X = np.ones((2, 3), np.float32)
_PASSPHRASE = "open sesame"


class SaidError(Exception):
    """A command ended with one line that says what it cannot write."""


@dataclass(frozen=True)
class Writer:
    """Something that writes files.

    Attributes:
        write: Does it.
        target: Which file it writes, in an otherwise empty folder. None: a new one every time.
        error: What a failure raises.
        size: Bytes that it writes, where there is no target.
        points: How many bytes are tried at most, where a try takes long.
    """

    write: Callable[[], Any]
    target: Path | None
    error: type[BaseException]
    size: int = 0
    points: int = 1_000_000


Prepare = Callable[[Path, Path], AbstractContextManager[Writer]]
WRITERS: dict[str, Prepare] = {}


def writer(prepare: Callable[[Path, Path], Iterator[Writer]]) -> Prepare:
    """Enters a generator that yields the writer; its arguments are a model and the folder to write to."""
    made = contextlib.contextmanager(prepare)
    WRITERS[prepare.__name__.strip("_").replace("_", " ")] = made
    return made


def command(*words: str) -> None:
    """Runs a command in this process."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = main(words)
    lines = said.getvalue().splitlines()
    if code == 1 and len(lines) == 1 and "cannot" in lines[0]:
        raise SaidError(lines[0])
    assert code == 0, f"exit code {code}: {lines}"


@writer
def pack_(model: Path, folder: Path) -> Iterator[Writer]:
    target = folder / "m.hbm"
    yield Writer(lambda: pack(model, target, ModelOptions(trial_seconds=0)), target, PackError, points=2000)


@writer
def link_(model: Path, folder: Path) -> Iterator[Writer]:
    packed, target = folder.parent / "packed.hbm", folder / "m.hbm"
    pack(model, packed, ModelOptions(trial_seconds=0))
    yield Writer(lambda: link([packed], target), target, PackError)


@writer
def encrypt(_model: Path, folder: Path) -> Iterator[Writer]:
    plain, target = folder.parent / "plain", folder / "m.hbm"
    plain.write_bytes(b"not much of a model")
    # Keys are derived in no time: that writes nothing, and takes a hundred times as long as the rest.
    with mock.patch.object(_header, "scrypt", lambda secret, salt, _cost, *rest: scrypt(secret, salt, 2, *rest)):
        yield Writer(lambda: encrypt_model(plain, target, _PASSPHRASE, cost=14), target, OSError)


@writer
def decrypt(_model: Path, folder: Path) -> Iterator[Writer]:
    plain, encrypted, target = folder.parent / "plain", folder.parent / "encrypted", folder / "m.hbm"
    plain.write_bytes(b"not much of a model")
    encrypt_model(plain, encrypted, _PASSPHRASE, cost=14)
    yield Writer(lambda: decrypt_model(encrypted, target, _PASSPHRASE), target, OSError)


@writer
def save_a_profile(model: Path, folder: Path) -> Iterator[Writer]:
    target = folder / "trace.json"
    with HB_HBMRuntime(str(model)) as runtime:
        with runtime.profile() as profile:
            runtime.run(X)
        yield Writer(lambda: profile.save(target), target, OSError)


@writer
def save_a_benchmark(model: Path, folder: Path) -> Iterator[Writer]:
    target = folder / "figures.json"
    with HB_HBMRuntime(str(model)) as runtime:
        measured = runtime.benchmark(X, repeat=2, warmup=0)
        yield Writer(lambda: measured.save(target), target, OSError)


@writer
def keep_path(_model: Path, folder: Path) -> Iterator[Writer]:
    nodes = [helper.make_node("Neg", ["x"], ["between"]), helper.make_node("Abs", ["between"], ["y"])]
    model = build(nodes, [("x", "F32", (2, 3))], [("y", "F32", (2, 3))])
    with HB_HBMRuntime(model.SerializeToString(), keep="*", keep_path=folder) as runtime:
        runtime.run(X)
        (file,) = folder.rglob("*.npy")
        yield Writer(lambda: runtime.run(X), None, HbmError, file.stat().st_size)


@writer
def upload(model: Path, folder: Path) -> Iterator[Writer]:
    uploads, data = UploadFolder(folder, 1 << 20), model.read_bytes()

    def write() -> None:
        with uploads.received("m", {"file:1/model.onnx": data}) as received:
            received.accept()

    yield Writer(write, folder / "m" / "1" / "model.onnx", RefusedError)


@writer
def report(model: Path, folder: Path) -> Iterator[Writer]:
    """Measures once, and writes the page of that again and again."""
    target = folder / "page.html"
    with mock.patch("hbm_runtime.cli.commands.perf.write_page", wraps=write_page) as seen:
        command("perf", str(model), "--frame_count=2", f"--report={target}")
    arguments, keywords = seen.call_args
    yield Writer(lambda: write_page(*arguments, **keywords), target, CommandError, points=4000)


def _by_command(file: str, *words: str) -> Prepare:
    @contextlib.contextmanager
    def prepare(model: Path, folder: Path) -> Iterator[Writer]:
        given = [word.format(model=model, target=folder / file) for word in words]
        yield Writer(lambda: command(*given), folder / file, SaidError, points=20)

    return prepare


WRITERS["the report of perf"] = _by_command("p.html", "perf", "{model}", "--frame_count=2", "--report={target}")
WRITERS["the graph of model_info"] = _by_command("g.dot", "model_info", "{model}", "--graph={target}")
WRITERS["pack on the command line"] = _by_command(
    "m.hbm", "pack", "--model={model}", "--output={target}", "--trial-seconds=0"
)
