"""The constructor: which forms it takes, and what its objects are like."""

from __future__ import annotations

import array
import mmap
import os
import shutil
import threading
import weakref
from collections import UserList, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import onnx_models
from support.live import Held, wait_until_held
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, InputError

ONES = np.ones((2, 3), np.float32)


class TextPath:
    """A path-like object that is not from pathlib."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class BytesPath(TextPath):
    """A path-like object that gives bytes."""

    def __fspath__(self) -> bytes:  # type: ignore[override]
        return os.fsencode(self.path)


ONE_FILE: dict[str, Callable[[Path], HB_HBMRuntime]] = {
    "str": lambda path: HB_HBMRuntime(str(path)),
    "bytes": lambda path: HB_HBMRuntime(os.fsencode(path)),
    "Path": HB_HBMRuntime,
    "os.PathLike of str": lambda path: HB_HBMRuntime(TextPath(path)),
    "os.PathLike of bytes": lambda path: HB_HBMRuntime(BytesPath(path)),
    "numpy.str_": lambda path: HB_HBMRuntime(np.str_(path)),
    "model_file=str": lambda path: HB_HBMRuntime(model_file=str(path)),
    "model_file=Path": lambda path: HB_HBMRuntime(model_file=path),
    "list of one": lambda path: HB_HBMRuntime([str(path)]),
    "model_files=list of one": lambda path: HB_HBMRuntime(model_files=[str(path)]),
    "model_files=tuple of Path": lambda path: HB_HBMRuntime(model_files=(path,)),
}


@pytest.mark.parametrize("form", ONE_FILE)
def test_one_file_in_every_form(models: ModelFactory, form: str) -> None:
    runtime = ONE_FILE[form](models.scaled(2))
    assert runtime.model_names == ["times_2"]
    np.testing.assert_array_equal(runtime.run(ONES)["times_2"]["y"], 2 * ONES)


SEVERAL_FILES: dict[str, Callable[[Path, Path], Any]] = {
    "list of str": lambda a, b: [str(a), str(b)],
    "tuple of str": lambda a, b: (str(a), str(b)),
    "list of bytes": lambda a, b: [os.fsencode(a), os.fsencode(b)],
    "list of Path": lambda *files: list(files),
    "mixed list": lambda a, b: [str(a), TextPath(b)],
    "deque": lambda a, b: deque([a, b]),
    "UserList": lambda a, b: UserList([str(a), b]),
}


@pytest.mark.parametrize("keyword", [False, True], ids=["positional", "model_files="])
@pytest.mark.parametrize("form", SEVERAL_FILES)
def test_several_files_in_the_order_given(models: ModelFactory, form: str, keyword: bool) -> None:
    files = SEVERAL_FILES[form](models.scaled(3), models.scaled(2))
    runtime = HB_HBMRuntime(model_files=files) if keyword else HB_HBMRuntime(files)
    assert runtime.model_names == ["times_3", "times_2"]
    assert runtime.model_count == 2


def test_several_models_of_one_file_and_files_of_both_kinds(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.pair(), models.scaled(2)])
    assert runtime.model_names == ["first", "second", "times_2"]


PLACES: dict[str, str] = {
    "spaces": "a folder/my model.onnx",
    "no ASCII": "\u6a21\u578b/\u043c\u043e\u0434\u0435\u043b\u044c.onnx",
    "no extension": "model",
    "other extension": "weights.bin",
    "several dots": "model.v1.2.onnx",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_content_decides_not_the_name(models: ModelFactory, tmp_path: Path, place: str) -> None:
    path = tmp_path / PLACES[place]
    path.parent.mkdir(exist_ok=True)
    shutil.copy(models.scaled(2), path)
    runtime = HB_HBMRuntime(path)
    assert runtime.model_names == [path.stem]
    np.testing.assert_array_equal(runtime.run(ONES)[path.stem]["y"], 2 * ONES)


def test_a_packed_file_may_have_any_name_and_keeps_its_models_names(models: ModelFactory, tmp_path: Path) -> None:
    shutil.copy(models.pair(), tmp_path / "renamed.dat")
    assert HB_HBMRuntime(tmp_path / "renamed.dat").model_names == ["first", "second"]


def test_a_path_need_not_be_text(models: ModelFactory, tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"latin-\xe9.hbm")
    shutil.copy(os.fsencode(models.pair()), path)
    assert HB_HBMRuntime(path).model_count == 2
    assert HB_HBMRuntime(os.fsdecode(path)).model_count == 2


def test_a_model_name_need_not_be_text_either(models: ModelFactory, tmp_path: Path) -> None:
    """The stem of an ONNX file is its model's name; it looks as such names of files do in Python."""
    path = os.path.join(os.fsencode(tmp_path), b"latin-\xe9.onnx")
    shutil.copy(os.fsencode(models.scaled(2)), path)
    runtime = HB_HBMRuntime(path)
    name = os.fsdecode(b"latin-\xe9")
    assert runtime.model_names == [name] == list(runtime.input_shapes)
    runtime.set_scheduling_params(priority={name: 3})
    for result in (runtime.run({name: {"x": ONES}}), runtime.run(ONES, model_name=name, custom_id={name: 1})):
        np.testing.assert_array_equal(result[name]["y"], 2 * ONES)
    with pytest.raises(InputError) as caught:
        runtime.run({name: {"x": ONES[0]}})
    assert caught.value.model == name
    assert "latin-\\xe9" in str(caught.value)


def test_relative_paths_and_links(models: ModelFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link.onnx").symlink_to(models.scaled(2))
    assert HB_HBMRuntime("link.onnx").model_names == ["link"]


def mapped(content: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(content))
    memory.write(content)
    return memory


BUFFERS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array.array": lambda content: array.array("B", content),
    "numpy array": lambda content: np.frombuffer(content, np.uint8),
    "mmap": mapped,
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_model_in_memory(models: ModelFactory, kind: str) -> None:
    runtime = HB_HBMRuntime(BUFFERS[kind](models.pair().read_bytes()))
    assert runtime.model_names == ["first", "second"]
    assert list(runtime.hbm_descs) == ["<memory:0>"]


def test_an_onnx_model_in_memory_is_named_by_its_graph() -> None:
    runtime = HB_HBMRuntime(bytearray(onnx_models.named("from_memory").SerializeToString()))
    assert runtime.model_names == ["from_memory"]


def test_loading_again_and_again(models: ModelFactory) -> None:
    before = Held.now()
    for _ in range(20):
        assert HB_HBMRuntime([models.pair(), models.mixed()]).model_count == 3
    assert wait_until_held(before) == before


def test_the_file_may_go_after_loading(models: ModelFactory, tmp_path: Path) -> None:
    path = tmp_path / "here.hbm"
    shutil.copy(models.pair(), path)
    runtime = HB_HBMRuntime(path)
    path.unlink()
    assert runtime.run(np.ones((1, 2), np.float32), model_name="second")["second"]["out"].tolist() == [[3, 3]]


def test_many_threads_may_load_at_once(models: ModelFactory) -> None:
    files = [models.scaled(2), models.mixed(), models.pair(), models.dynamic()]
    counts: list[int] = []

    def load(path: Path) -> None:
        counts.append(HB_HBMRuntime(path).model_count)

    threads = [threading.Thread(target=load, args=(path,)) for path in files * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [1] * 12 + [2] * 4


def test_two_runtimes_of_one_file_are_independent(models: ModelFactory) -> None:
    one, two = HB_HBMRuntime(models.scaled(2)), HB_HBMRuntime(models.scaled(2))
    one.set_scheduling_params(priority={"times_2": 9})
    assert two.sched_params["times_2"].priority == 0
    del one
    np.testing.assert_array_equal(two.run(ONES)["times_2"]["y"], 2 * ONES)


def test_the_class_can_be_subclassed_and_weakly_referenced(models: ModelFactory) -> None:
    class Detector(HB_HBMRuntime):
        def __init__(self, path: Path) -> None:
            super().__init__(str(path))
            self.label = "mine"

    detector = Detector(models.scaled(2))
    assert (detector.label, detector.model_names) == ("mine", ["times_2"])
    reference = weakref.ref(detector)
    del detector
    assert reference() is None


def test_calling_the_constructor_again_changes_nothing_for_results(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    result = runtime.run(ONES)["times_2"]["y"]
    runtime.__init__(str(models.scaled(3)))  # type: ignore[misc]
    np.testing.assert_array_equal(result, 2 * ONES)
    assert runtime.model_names == ["times_2"]
    assert runtime.hbm_descs == {str(models.scaled(2)): ""}
