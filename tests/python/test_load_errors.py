"""Files and arguments that the constructor refuses: the right error, a text that helps, nothing left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from onnx import ModelProto
from support import odd_models, onnx_models
from support.checks import Part, mentions
from support.live import Held, wait_until_held
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, HbmError, InputError, ModelError
from hbm_runtime.packer import ModelOptions, build_model
from hbm_runtime.packer.container import HostFile, write_file

ONES = np.ones((2, 3), np.float32)


class Place(NamedTuple):
    """Where a case makes its bad files, and good ones to spoil."""

    directory: Path
    models: ModelFactory

    def write(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def copy(self, source: Path, name: str) -> Path:
        return self.write(name, source.read_bytes())


class BadFile(NamedTuple):
    """What goes to the constructor, what it raises, what the text has."""

    argument: Callable[[Place], Any]
    error: type[Exception]
    parts: tuple[Part, ...] = ()


def changed(content: bytes, at: int) -> bytes:
    """One bit turned."""
    data = bytearray(content)
    data[at] ^= 1
    return bytes(data)


VENDOR_LIKE = b"\x01\x02HBRT" + bytes(range(256)) * 16

BAD_FILES: dict[str, BadFile] = {
    "missing": BadFile(lambda at: at.directory / "nowhere.hbm", FileNotFoundError, ("nowhere.hbm",)),
    "second of two missing": BadFile(
        lambda at: [at.models.scaled(2), at.directory / "nowhere.hbm"], FileNotFoundError, ("nowhere.hbm",)
    ),
    "empty path": BadFile(lambda _: "", FileNotFoundError),
    "an empty folder": BadFile(lambda at: at.directory, ValueError, ("folder", "no .hbm file and no .onnx file")),
    "a device": BadFile(lambda _: "/dev/null", ModelError, ("/dev/null",)),
    "half a surrogate pair in the path": BadFile(lambda _: "a\ud800.hbm", InputError, ("ud800",)),
    "empty .hbm": BadFile(lambda at: at.write("empty.hbm", b""), ModelError, ("empty.hbm", "empty")),
    "empty .onnx": BadFile(lambda at: at.write("empty.onnx", b""), ModelError, ("empty.onnx", "empty")),
    "one byte": BadFile(lambda at: at.write("tiny.onnx", b"\x08"), ModelError, ("tiny.onnx",)),
    "text": BadFile(lambda at: at.write("notes.txt", b"this is no model\n" * 50), ModelError, ("notes.txt",)),
    "picture": BadFile(
        lambda at: at.write("cat.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8), ModelError, ("cat.png",)
    ),
    "host model without its last byte": BadFile(
        lambda at: at.write("cut.hbm", at.models.pair().read_bytes()[:-1]), ModelError, ("cut.hbm",)
    ),
    "host model cut in its header": BadFile(
        lambda at: at.write("cut.hbm", at.models.pair().read_bytes()[:40]), ModelError, ("cut.hbm",)
    ),
    "host model with bytes behind it": BadFile(
        lambda at: at.write("long.hbm", at.models.pair().read_bytes() + b"\0"), ModelError, ("long.hbm",)
    ),
    "bit changed in the header": BadFile(
        lambda at: at.write("header.hbm", changed(at.models.pair().read_bytes(), 17)), ModelError, ("header.hbm",)
    ),
    "bit changed in the directory": BadFile(
        lambda at: at.write("entry.hbm", changed(at.models.pair().read_bytes(), 100)), ModelError, ("entry.hbm",)
    ),
    "bit changed in a graph": BadFile(
        lambda at: at.write("graph.hbm", changed(at.models.pair().read_bytes(), -3)), ModelError, ("graph.hbm",)
    ),
    "truncated ONNX model": BadFile(
        lambda at: at.write("cut.onnx", at.models.conv_net().read_bytes()[:-200]), ModelError, ("cut.onnx",)
    ),
    "ONNX model with an unknown operator": BadFile(
        lambda at: at.write("odd.onnx", at.models.scaled(2).read_bytes().replace(b"Mul", b"Nul")),
        ModelError,
        ("odd.onnx", "Nul"),
    ),
    "vendor file": BadFile(lambda at: at.write("vendor.hbm", VENDOR_LIKE), ModelError, ("vendor.hbm",)),
    "good file, then a bad one": BadFile(
        lambda at: [at.models.scaled(2), at.write("empty.hbm", b"")], ModelError, ("empty.hbm",)
    ),
    "bad file, then a good one": BadFile(
        lambda at: [at.write("vendor.hbm", VENDOR_LIKE), at.models.pair()], ModelError, ("vendor.hbm",)
    ),
    "empty list": BadFile(lambda _: [], InputError, ("file",)),
    "empty tuple": BadFile(lambda _: (), InputError, ("file",)),
    "the same file twice": BadFile(lambda at: [at.models.scaled(2)] * 2, InputError, ("times_2",)),
    "one model name in two ONNX files": BadFile(
        lambda at: [at.models.scaled(2), at.copy(at.models.scaled(3), "copies/times_2.onnx")],
        InputError,
        ("'times_2'",),
    ),
    "one model name in two packed files": BadFile(
        lambda at: [at.models.pair(), at.copy(at.models.pair(), "other.hbm")], InputError, ("'first'",)
    ),
    "memory with gaps": BadFile(lambda at: memoryview(at.models.pair().read_bytes())[::2], InputError, ("contiguous",)),
    "memory backwards": BadFile(
        lambda at: memoryview(at.models.pair().read_bytes())[::-1], InputError, ("contiguous",)
    ),
    "empty memory": BadFile(lambda _: bytearray(), ModelError),
    "memory that is no model": BadFile(lambda _: bytearray(b"no model" * 100), ModelError, ("<memory:0>",)),
    "damaged model in memory": BadFile(
        lambda at: bytearray(changed(at.models.pair().read_bytes(), -3)), ModelError, ("<memory:0>",)
    ),
    "NUL in the path": BadFile(lambda at: f"{at.directory}/a\0b.hbm", ValueError, ("NUL",)),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_refused_with_a_reason_and_leave_nothing(models: ModelFactory, tmp_path: Path, case: str) -> None:
    bad = BAD_FILES[case]
    argument = bad.argument(Place(tmp_path, models))
    before = Held.now()
    with pytest.raises(bad.error) as caught:
        HB_HBMRuntime(argument)
    assert isinstance(caught.value, HbmError)
    mentions(caught.value, *bad.parts)
    assert wait_until_held(before) == before
    assert HB_HBMRuntime(models.scaled(2)).run(ONES)["times_2"]["y"][0, 0] == 2


def test_a_vendor_file_is_called_incompatible_and_the_cure_is_named(tmp_path: Path) -> None:
    path = Place(tmp_path, ModelFactory(tmp_path)).write("resnet.hbm", VENDOR_LIKE)
    with pytest.raises(ModelError) as caught:
        HB_HBMRuntime(path)
    assert caught.value.status == -600004
    assert "INCOMPATIBLE" in str(caught.value.status_name)
    assert caught.value.function == "hbDNNInitializeFromFiles"
    mentions(caught.value, str(path), "board", "ONNX")


def test_a_file_that_is_no_model_is_called_invalid(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        HB_HBMRuntime(Place(tmp_path, ModelFactory(tmp_path)).write("notes.txt", b"this is no model\n"))
    assert caught.value.status == -600002
    assert "INVALID" in str(caught.value.status_name)


def test_a_missing_file_is_told_as_the_system_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.hbm"
    with pytest.raises(FileNotFoundError) as caught:
        HB_HBMRuntime(path)
    assert isinstance(caught.value, HbmError)
    assert isinstance(caught.value, RuntimeError)
    mentions(caught.value, str(path))


WRONG_TYPES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "nothing": ((), {}),
    "None": ((None,), {}),
    "int": ((3,), {}),
    "float": ((1.5,), {}),
    "dict": (({"model": "m.hbm"},), {}),
    "list with None": (([None],), {}),
    "list with int": ((["m.hbm", 3],), {}),
    "nested list": (([["m.hbm"]],), {}),
    "two files": (("a.hbm", "b.hbm"), {}),
    "unknown keyword": ((), {"path": "m.hbm"}),
    "both keywords": ((), {"model_file": "a.hbm", "model_files": ["b.hbm"]}),
    "text for a list of processors": (("m.hbm",), {"cpu_affinity": "01"}),
    "text for a number of threads": (("m.hbm",), {"threads": "2"}),
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_arguments_of_a_wrong_type(case: str) -> None:
    positional, keywords = WRONG_TYPES[case]
    with pytest.raises(TypeError):
        HB_HBMRuntime(*positional, **keywords)


BAD_OPTIONS: dict[str, tuple[dict[str, Any], tuple[Part, ...]]] = {
    "negative threads": ({"threads": -1}, ("-1",)),
    "too many threads": ({"threads": 10**6}, ("1000000",)),
    "a processor that cannot be": ({"cpu_affinity": [-5]}, ("-5",)),
    "a tensor that is not there": ({"keep": ["nobody"]}, ("nobody",)),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_load_options_that_cannot_be_met_are_named(models: ModelFactory, case: str) -> None:
    options, parts = BAD_OPTIONS[case]
    before = Held.now()
    with pytest.raises(HbmError) as caught:
        HB_HBMRuntime(models.scaled(2), **options)
    mentions(caught.value, *parts)
    assert wait_until_held(before) == before
    assert HB_HBMRuntime(models.scaled(2)).run(ONES)["times_2"]["y"][0, 0] == 2


UNSUPPORTED: dict[str, Callable[[], ModelProto]] = {
    "strings": odd_models.strings,
    "bfloat16": odd_models.bfloat16,
    "sequence": odd_models.sequence,
    "int4": lambda: odd_models.four_bits(signed=True),
    "uint4": lambda: odd_models.four_bits(signed=False),
    "11 dimensions": lambda: onnx_models.identity("F32", (1,) * 11),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_tensors_that_the_driver_cannot_express_are_named(tmp_path: Path, kind: str) -> None:
    path = Place(tmp_path, ModelFactory(tmp_path)).write("strange.onnx", UNSUPPORTED[kind]().SerializeToString())
    with pytest.raises(ModelError) as caught:
        HB_HBMRuntime(path)
    mentions(caught.value, "strange", ("'x'", "'y'"))


@pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 65, 200, 4095, 4096, 4097])
def test_a_host_model_cut_at_any_place_is_refused(models: ModelFactory, tmp_path: Path, size: int) -> None:
    content = models.pair().read_bytes()
    assert size < len(content)
    path = Place(tmp_path, models).write("cut.hbm", content[:size])
    with pytest.raises(ModelError):
        HB_HBMRuntime(path)


def test_an_object_without_a_constructor_call_is_refused_not_a_crash() -> None:
    class Forgetful(HB_HBMRuntime):
        def __init__(self) -> None:
            pass

    with pytest.raises(TypeError):
        Forgetful()
    empty = HB_HBMRuntime.__new__(HB_HBMRuntime)
    assert "not loaded" in repr(empty)
    with pytest.raises((TypeError, HbmError)):
        empty.run(ONES)
    with pytest.raises((TypeError, HbmError)):
        _ = empty.model_names


def test_a_refused_file_can_be_replaced_and_loaded(models: ModelFactory, tmp_path: Path) -> None:
    path = Place(tmp_path, models).write("model.hbm", VENDOR_LIKE)
    with pytest.raises(ModelError):
        HB_HBMRuntime(path)
    shutil.copy(models.pair(), path)
    assert HB_HBMRuntime(path).model_names == ["first", "second"]


@pytest.mark.parametrize("role", ["input", "output"])
@pytest.mark.parametrize(
    ("shape", "strides"),
    [((2, 3, 5), (16, -1, 1)), ((2, -1, 3, 5), (-1, 15, -1, 1)), ((-1, 2, 2, 9), (40, -1, -1, 1))],
    ids=str,
)
def test_strides_that_no_completion_keeps_apart_are_refused_when_the_file_is_loaded(
    tmp_path: Path, shape: tuple[int, ...], strides: tuple[int, ...], role: str
) -> None:
    dims: list[str | int] = [size if size >= 0 else f"n{at}" for at, size in enumerate(shape)]
    model = build_model(onnx_models.identity("U8", dims), ModelOptions(name="m"))
    (tensor,) = model.inputs if role == "input" else model.outputs
    changed = (replace(tensor, strides=strides, aligned_size=-1),)
    model = replace(model, inputs=changed) if role == "input" else replace(model, outputs=changed)
    write_file(tmp_path / "m.hbm", HostFile((model,)))
    with pytest.raises(ModelError, match=r"m\.hbm.*stride \d of .* is \d+, and with rows of \d+ bytes") as caught:
        HB_HBMRuntime(tmp_path / "m.hbm")
    assert (caught.value.model, caught.value.tensor) == ("m", tensor.name)
