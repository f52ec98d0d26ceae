"""The one writer: whole or not at all, never onto what is read, and devices stay devices."""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.model_factory import ModelFactory

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, HbmError, InputError
from hbm_runtime._files import written_file
from hbm_runtime.cli.program import main
from hbm_runtime.encryption import decrypt_model, encrypt_model
from hbm_runtime.packer import ModelOptions, PackError, link, pack

pytestmark = pytest.mark.usefixtures("trials_here")

OLD, NEW = b"old content", b"new content" * 1000
SPELLINGS = ["same", "dotted", "absolute", "symbolic link", "hard link", "through a linked folder"]


def spelled(path: Path, how: str) -> str:
    """Another name of a file."""
    folder = path.parent
    if how == "symbolic link":
        (folder / "link").symlink_to(path)
        return str(folder / "link")
    if how == "hard link":
        os.link(path, folder / "hard")
        return str(folder / "hard")
    if how == "through a linked folder":
        (folder / "folder").symlink_to(folder)
        return str(folder / "folder" / path.name)
    return {"same": path.name, "dotted": f"./{path.name}", "absolute": str(path)}[how]


@pytest.mark.parametrize("how", SPELLINGS)
def test_what_is_read_is_not_written_in_any_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_bytes(OLD)
    with pytest.raises(InputError, match="that is read"), written_file(spelled(tmp_path / "a", how), inputs=["x", "a"]):
        raise AssertionError
    assert (tmp_path / "a").read_bytes() == OLD


def external_model(folder: Path) -> Path:
    weights = numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 64])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "big.onnx", save_as_external_data=True, location="big.data", size_threshold=0)
    return folder / "big.onnx"


def test_every_writer_refuses_what_it_reads(models: ModelFactory, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(models.scaled(2).read_bytes())
    packed, secret = tmp_path / "m.hbm", tmp_path / "m.secret"
    pack(model, packed)
    encrypt_model(model, secret, "passphrase", cost=14)
    runtime = HB_HBMRuntime(model)
    x = np.ones((2, 3), np.float32)
    with runtime.profile() as profile:
        runtime.run(x)
    external = external_model(tmp_path)
    contents = {path: path.read_bytes() for path in tmp_path.iterdir()}
    refusals: list[tuple[type[Exception], Callable[[], object]]] = [
        (PackError, lambda: pack(model, model)),
        (PackError, lambda: pack(external, tmp_path / "big.data")),
        (PackError, lambda: link([packed], packed)),
        (InputError, lambda: encrypt_model(model, model, "passphrase", cost=14)),
        (InputError, lambda: decrypt_model(secret, secret, "passphrase")),
        (InputError, lambda: profile.save(model)),
        (InputError, lambda: runtime.benchmark(x, repeat=2, warmup=0).save(model)),
    ]
    for error, action in refusals:
        with pytest.raises(error, match="that is read"):
            action()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


Write = Callable[[Path], object]
ENDINGS = {"pack": "", "link": "", "encrypt": "", "decrypt": "", "profile": ".json", "benchmark": ".json"} | {
    "plot": ".png",
    "graph": ".dot",
    "report": ".html",
}


@pytest.fixture(params=ENDINGS)
def write(request: pytest.FixtureRequest, models: ModelFactory, tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Everything that writes a file whose name the user chooses."""
    folder, model, x = tmp_path_factory.mktemp("sources"), models.scaled(2), np.ones((2, 3), np.float32)
    runtime = HB_HBMRuntime(model)
    with runtime.profile() as profile:
        runtime.run(x)
    if request.param == "link":
        pack(model, folder / "m.hbm")
    if request.param == "decrypt":
        encrypt_model(model, folder / "m.secret", "passphrase", cost=14)
    benchmark = runtime.benchmark(x, repeat=2, warmup=0)
    runtime.close()

    def command(*words: object) -> None:
        if main([str(word) for word in words]) != 0:
            raise OSError("the command has failed")

    writers: dict[str, Write] = {
        "pack": lambda path: pack(model, path),
        "link": lambda path: link([folder / "m.hbm"], path),
        "encrypt": lambda path: encrypt_model(model, path, "passphrase", cost=14),
        "decrypt": lambda path: decrypt_model(folder / "m.secret", path, "passphrase"),
        "profile": profile.save,
        "benchmark": benchmark.save,
        "plot": lambda path: command("perf", model, "--frame_count=3", f"--plot={path}"),
        "graph": lambda path: command("model_info", model, f"--graph={path}"),
        "report": lambda path: command("perf", model, "--frame_count=3", f"--report={path}"),
    }
    return writers[str(request.param)]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name with the ending that the writer wants."""
    return f"out{ENDINGS[request.node.callspec.params['write']]}"


def test_every_writer_leaves_devices_devices(write: Write, name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(os.devnull)
    write(tmp_path / name)
    assert (tmp_path / name).is_symlink()
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_every_writer_follows_links_and_keeps_permissions(write: Write, name: str, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(OLD)
    (tmp_path / "real").chmod(0o600)
    (tmp_path / name).symlink_to("real")
    write(tmp_path / name)
    assert (tmp_path / name).is_symlink()
    assert (tmp_path / "real").read_bytes() not in (OLD, b"")
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "real"])


def test_no_writer_leaves_half_a_file(write: Write, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30, hard))
    try:
        with pytest.raises((OSError, HbmError, PackError)):
            write(tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / name).read_bytes() == OLD
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_there_is_no_other_writer() -> None:
    package = Path(hbm_runtime.__file__).parent
    opens = re.compile(r"write_bytes\(|write_text\(|os\.replace\(|open\([^)]*[\"'][wxa]b?[\"']")
    writers = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if opens.search(path.read_text())}
    # The others write what only they read, to folders of their own; what a server keeps is renamed when it is complete.
    own = {"demo/assets.py", "packer/graph/weights.py"}
    assert writers - own == {"_files.py", "samples/write.py", "serving/models/uploads.py"}


def test_a_fifo_gets_the_whole_content_and_stays_one(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()))
    reader.start()
    with written_file(fifo) as file:
        file.write(b"........" + NEW)
        file.seek(0)  # what is made of parts may go back
        file.write(b"beginning"[:8])
    reader.join(30)
    assert received == [b"beginnin" + NEW]
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_a_fifo_gets_nothing_of_a_content_that_fails(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(ZeroDivisionError), written_file(fifo) as file:
        file.write(NEW * (1 // 0))
    assert list(tmp_path.iterdir()) == [fifo]


def test_devices_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to(os.devnull)
    with written_file(tmp_path / "null") as file:
        file.write(NEW)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    with pytest.raises(OSError, match="No space left") as error, written_file("/dev/full") as file:
        file.write(NEW)
    assert error.value.errno == errno.ENOSPC


@pytest.mark.parametrize("target", ["pipe", "file"])
def test_the_standard_output_by_its_name(tmp_path: Path, target: str) -> None:
    script = (
        "from hbm_runtime._files import written_file\n"
        "with written_file('/dev/stdout') as file: file.write(b'through a name')\n"
    )
    command = [sys.executable, "-c", script]
    if target == "pipe":
        assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"through a name"
    else:
        with (tmp_path / "out").open("wb") as out:
            subprocess.run(command, stdout=out, check=True)
        assert (tmp_path / "out").read_bytes() == b"through a name"
        assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_folder_is_refused_and_a_link_is_followed(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), written_file(tmp_path):
        raise AssertionError
    (tmp_path / "link").symlink_to("target")
    with written_file(tmp_path / "link") as file:
        file.write(NEW)
    assert (tmp_path / "target").read_bytes() == NEW
    assert (tmp_path / "link").is_symlink()


def test_names_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    for name in ("a" * 255, "ä" * 127):
        with written_file(tmp_path / name) as file:
            file.write(NEW)
        assert (tmp_path / name).read_bytes() == NEW


class _Failing(io.BufferedRandom):
    """A file of a system that is full after some bytes."""

    room = 0

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type] # bytes
        fits = view[: max(0, self.room - self.tell())]
        written = super().write(fits)
        if written < len(view):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written


@pytest.mark.parametrize("older", [True, False])
def test_a_write_that_fails_at_any_byte_leaves_the_old_file_and_nothing_else(
    models: ModelFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool
) -> None:
    source, target = models.scaled(2), tmp_path / "m.hbm"
    pack(source, target, ModelOptions(trial_seconds=0))
    size = target.stat().st_size
    expected = target.read_bytes()
    target.unlink()
    if older:
        target.write_bytes(OLD)
    monkeypatch.setattr(os, "fdopen", lambda number, _mode: _Failing(io.FileIO(number, "w+b")))
    rooms = sorted({0, 1, 7, 8, 63, 64, 4095, 4096, 4097, size - 1, *range(0, size, size // 20)})
    for _Failing.room in rooms:
        with pytest.raises(PackError, match=r"cannot write .*m\.hbm: no space left"):
            pack(source, target, ModelOptions(trial_seconds=0))
        assert sorted(path.name for path in tmp_path.iterdir()) == (["m.hbm"] if older else [])
        assert not older or target.read_bytes() == OLD
    _Failing.room = size
    pack(source, target, ModelOptions(trial_seconds=0))
    assert target.read_bytes() == expected


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_each_step_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    (target := tmp_path / "x").write_bytes(OLD)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "bad")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="bad"), written_file(target) as file:
        file.write(NEW)
    assert (target.read_bytes(), list(tmp_path.iterdir())) == (OLD, [target])
