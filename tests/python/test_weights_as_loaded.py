"""What makes a second session uses the weights as first loaded, whatever has become of the files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.parser import parse_model

import hbm_runtime
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import pack

pytestmark = pytest.mark.usefixtures("trials_here")

ROWS, COLUMNS = 300, 200
X = np.ones((3, ROWS), np.float32)
TEXT = """<ir_version: 8, opset_import: ["": 17]> g (float[n, 300] x) => (float[m, 4, k] y)
{ a = MatMul(x, w) y = Reshape(a, s) }"""
IN_BRANCHES = """<ir_version: 8, opset_import: ["": 17]> g (float[n, 300] x) => (float[m, 4, k] y) <bool c={1}> {
  y = If(c) <then_branch = t () => (float[p, 4, q] u) { a = MatMul(x, w) u = Reshape(a, s) },
             else_branch = e () => (float[p, 4, q] v) { b = MatMul(x, w2) v = Reshape(b, s) }> }"""


def weights(factor: float) -> onnx.TensorProto:
    values = np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
    return numpy_helper.from_array(values * np.float32(factor), "w")


def plain(path: Path, factor: float) -> None:
    model = parse_model(TEXT)
    model.graph.initializer.extend([weights(factor), numpy_helper.from_array(np.array([-1, 4, 50]), "s")])
    onnx.save(model, path)


def external(path: Path, factor: float) -> None:
    model = parse_model(TEXT)
    model.graph.initializer.extend([weights(factor), numpy_helper.from_array(np.array([-1, 4, 50]), "s")])
    onnx.save(model, path, save_as_external_data=True, location="model.weights", size_threshold=100)


def constants(path: Path, factor: float) -> None:
    model = parse_model(TEXT.replace("a = MatMul", "w = Constant<value_float=1.0>() a = MatMul"))
    model.graph.node[0].ClearField("attribute")
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("value", weights(factor)))
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 4, 50]), "s"))
    onnx.save(model, path)


def branches(path: Path, factor: float) -> None:
    model = parse_model(IN_BRANCHES)
    for attribute, name in zip(model.graph.node[0].attribute, ("w", "w2"), strict=True):
        constant = weights(factor)
        constant.name = name
        attribute.g.initializer.append(constant)
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 4, 50]), "s"))
    onnx.save(model, path)


def packed(path: Path, factor: float) -> None:
    source = path.with_suffix(".source.onnx")
    plain(source, factor)
    pack(source, path.with_suffix(".hbm"))


KINDS: dict[str, tuple[Callable[[Path, float], None], str]] = {
    "plain": (plain, ".onnx"),
    "external": (external, ".onnx"),
    "constants": (constants, ".onnx"),
    "branches": (branches, ".onnx"),
    "packed": (packed, ".hbm"),
}


def stay(folder: Path, make: Callable[[Path, float], None]) -> None:
    """Only the current folder is another one."""


def move(folder: Path, make: Callable[[Path, float], None]) -> None:  # noqa: ARG001
    folder.rename(folder.with_name("elsewhere"))


def delete(folder: Path, make: Callable[[Path, float], None]) -> None:  # noqa: ARG001
    shutil.rmtree(folder)


def replace(folder: Path, make: Callable[[Path, float], None]) -> None:
    other = folder.with_name("other")
    other.mkdir()
    make(other / "model.onnx", 2)
    for path in other.iterdir():
        path.replace(folder / path.name)


def overwrite(folder: Path, make: Callable[[Path, float], None]) -> None:
    """In place, as `onnx.save` does it."""
    if make is external:
        pytest.skip("the engine maps these weights: writing into the file changes what it computes with")
    make(folder / "model.onnx", 2)


def cut(folder: Path, make: Callable[[Path, float], None]) -> None:
    if make in (external, packed):
        pytest.skip("the engine maps these weights: cutting the file ends the process")
    for path in folder.iterdir():
        path.write_bytes(b"")


@pytest.mark.parametrize("change", [stay, move, delete, replace, overwrite, cut], ids=lambda change: change.__name__)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profiled", [False, True], ids=["", "profiled"])
def test_files_may_change_after_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, change: Callable[..., None], profiled: bool
) -> None:
    make, ending = KINDS[kind]
    folder = tmp_path / "models"
    folder.mkdir()
    make(folder / "model.onnx", 1)
    monkeypatch.chdir(folder)
    with HB_HBMRuntime(f"model{ending}", profile_operators=profiled) as runtime:
        (name,) = runtime.model_names
        before = runtime.run(X)[name]["y"]
        monkeypatch.chdir(tmp_path)
        change(folder, make)
        assert runtime.infer_shapes(name, {"x": (5, ROWS)}) == {"y": (5, 4, 50)}
        with pytest.raises(hbm_runtime.ShapeError):
            runtime.infer_shapes(name, {"x": (5, ROWS + 1)})
        for _ in range(2 if profiled else 1):
            with runtime.profile(operators=profiled):
                np.testing.assert_array_equal(runtime.run(X)[name]["y"], before)
