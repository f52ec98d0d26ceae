"""A board's model on a PC: what its sidecar says is shown, and an ONNX model is packed with exactly that signature."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from packer.configurations import write_config
from support import onnx_models
from support.program import run

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import DataType, ModelOptions, pack, pack_config
from hbm_runtime.packer.options import FeatureInput, Quantise, TensorOptions


def sidecar_of(model: Path, target: Path) -> dict[str, Any]:
    document: dict[str, Any] = run("model_info", model, "--json").json()
    target.write_text(json.dumps(document), encoding="utf-8")
    return document


def signature(document: dict[str, Any]) -> Any:
    return document["models"], [file["description"] for file in document["files"]]


def conv(channels: int = 4) -> onnx.ModelProto:
    """Two inputs, two outputs; the batch is dynamic."""
    weights = np.random.default_rng(0).normal(size=(channels, 3, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["boxes"], name="conv"),
        helper.make_node("Mul", ["state", "two"], ["next"], name="double"),
    ]
    return onnx_models.build(
        nodes,
        [("x", "F32", ("N", 3, 6, 10)), ("state", "F32", (1, 5))],
        [("boxes", "F32", ("N", channels, 6, 10)), ("next", "F32", (1, 5))],
        {"w": weights, "two": np.array(2, np.float32)},
    )


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A stand-in for a board's model: quantised, padded, described, with tensors in an order of its own."""
    onnx.save(conv(), str(tmp_path / "net.onnx"))
    options = ModelOptions(
        name="yolo",
        march="nash-e",
        input_shapes={"x": (1, 3, 6, 10)},
        inputs={"x": FeatureInput(quantise=Quantise(DataType.S8, (0.05,), (3,)))},
        outputs={"boxes": Quantise(DataType.S32, (0.001, 0.002, 0.003, 0.004), axis=1)},
        tensors={"next": TensorOptions((32, 4), "the next state")},
        description=json.dumps({"MARCH": "nash-e", "NOTE": "as compiled"}),
    )
    pack(tmp_path / "net.onnx", tmp_path / "board.hbm", options, description="of a board")
    return tmp_path / "board.hbm"


def test_a_model_packed_like_a_boards_has_its_signature_and_computes(board: Path, tmp_path: Path) -> None:
    wanted = sidecar_of(board, tmp_path / "sidecar.json")
    twin = tmp_path / "twin.hbm"
    done = run("pack", "-m", tmp_path / "net.onnx", "--like", tmp_path / "sidecar.json", "-o", twin)
    assert done.code == 0, done.err
    assert signature(run("model_info", twin, "--json").json()) == signature(wanted)
    rng = np.random.default_rng(1)
    inputs = {"x": rng.integers(-128, 128, (1, 3, 6, 10), np.int8), "state": np.ones((1, 5), np.float32)}
    with HB_HBMRuntime(str(board)) as first, HB_HBMRuntime(str(twin)) as second:
        expected, found = first.run(inputs)["yolo"], second.run(inputs)["yolo"]
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    assert found["boxes"].any()


@pytest.mark.parametrize("changes", [{}, {"input_parameters": {"input_type_rt": "rgb"}}], ids=["nv12", "rgb"])
def test_camera_inputs_come_from_the_description(tmp_path: Path, changes: dict[str, Any]) -> None:
    original = pack_config(write_config(tmp_path, **changes))
    wanted = sidecar_of(original, tmp_path / "s.json")
    twin = tmp_path / "twin.hbm"
    done = run("pack", "-m", tmp_path / "net.onnx", "--like", tmp_path / "s.json", "-o", twin)
    assert done.code == 0, done.err
    assert signature(run("model_info", twin, "--json").json()) == signature(wanted)
    with HB_HBMRuntime(str(original)) as first, HB_HBMRuntime(str(twin)) as second:
        model = first[first.model_names[0]]
        rng = np.random.default_rng(2)
        inputs = {t.name: rng.integers(0, 256, t.shape).astype(t.np_dtype) for t in model.inputs.values()}
        expected = model.run(inputs)
        found = second[model.name].run(inputs)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def change(document: dict[str, Any], part: str, tensor: int, **facts: Any) -> None:
    document["models"][0][part][tensor].update(facts)


def test_what_does_not_match_is_listed_and_nothing_is_written(board: Path, tmp_path: Path) -> None:
    document = sidecar_of(board, tmp_path / "s.json")
    change(document, "inputs", 1, name="memory")
    change(document, "outputs", 1, shape=[1, 6], strides=[32, 4])
    (tmp_path / "s.json").write_text(json.dumps(document), encoding="utf-8")
    twin = tmp_path / "twin.hbm"
    done = run("pack", "-m", tmp_path / "net.onnx", "--like", tmp_path / "s.json", "-o", twin)
    assert done.code == 1
    assert "input 'memory' is missing" in done.err
    assert "input 'state' is not in the board's model" in done.err
    assert "output 'next': its shape is [1, 5] instead of [1, 6]" in done.err
    assert not twin.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is no JSON"),
        ("[]", "is not what"),
        ('{"models": []}', "it has no models"),
        ('{"models": [{"name": "a"}]}', "there is no 'description'"),
    ],
)
def test_other_files_are_no_sidecars(board: Path, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.json").write_text(text, encoding="utf-8")
    done = run("pack", "-m", tmp_path / "net.onnx", "--like", tmp_path / "s.json", "-o", tmp_path / "twin.hbm")
    assert done.code == 1
    assert "is not what 'hbm-runtime model_info --json' writes" in done.err
    assert message in done.err
    assert run("pack", "-m", tmp_path / "net.onnx", "--like", tmp_path / "none.json").code == 1
    assert board.exists()


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A file that no driver here can load."""
    folder = tmp_path / "compiled"
    folder.mkdir()
    (folder / "yolo.hbm").write_bytes(np.random.default_rng(5).bytes(5000))
    return folder / "yolo.hbm"


@pytest.mark.parametrize("name", ["yolo.hbm.json", "yolo.json"])
def test_a_boards_model_is_told_of_by_its_sidecar(board: Path, compiled: Path, name: str) -> None:
    document = sidecar_of(board, compiled.with_name(name))
    done = run("model_info", compiled)
    assert done.code == 0, done.err
    for text in ("does not load here", "yolo", "S32", "boxes"):
        assert text in done.out
    assert run("model_info", compiled, "--json").json()["models"] == document["models"]


def test_without_a_sidecar_it_says_how_to_get_one(compiled: Path, tmp_path: Path) -> None:
    done = run("model_info", compiled)
    assert done.code == 1
    assert "hbm-runtime model_info yolo.hbm --json > yolo.hbm.json" in done.err
    tool = tmp_path / "hb_model_info"
    tool.write_text("#!/bin/sh\necho table of $1\n", encoding="utf-8")
    tool.chmod(0o755)
    path = f"{tmp_path}:{Path(shutil.which('sh') or '/bin/sh').parent}"
    shown = run("model_info", compiled, env={"PATH": path})
    assert shown.code == 0
    assert f"table of {compiled}" in shown.out
