"""Packing does no more for each node, and for each file, than it has to."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper

import hbm_runtime.packer
from hbm_runtime.cli import main
from hbm_runtime.packer import ModelOptions, Rewriting, build_model

from .configurations import write_config

PACKER = str(Path(hbm_runtime.packer.__file__).parent)


def chain(length: int) -> ModelProto:
    """Signed quantisation steps one behind the other, each with constants of its own."""
    nodes, constants, value = [], [], "x"
    for i in range(length):
        names = [f"s{i}", f"z{i}"]
        constants += [
            numpy_helper.from_array(np.full((), 0.05, np.float32), names[0]),
            numpy_helper.from_array(np.full((), 3, np.int8), names[1]),
        ]
        nodes.append(helper.make_node("QuantizeLinear", [value, *names], [f"q{i}"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"q{i}", *names], [f"d{i}"]))
        value = f"d{i}"
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 8]) for name in ("x", value))
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(helper.make_graph(nodes, "chain", [x], [y], constants), opset_imports=opset, ir_version=8)


def lines_of_packing(proto: ModelProto, options: ModelOptions) -> int:
    """The lines of the packer that packing a model executes."""
    count = 0

    def line(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: FrameType, _event: str, _argument: object) -> Any:
        return line if frame.f_code.co_filename.startswith(PACKER) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        build_model(proto, options)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("remove_types", [[], ["Dequantize"]], ids=["as it is", "edited"])
def test_twice_the_nodes_take_twice_the_work(remove_types: list[str]) -> None:
    options = ModelOptions(
        check_operators=False,
        unsigned_activations=Rewriting.ALWAYS,
        integer_layers=Rewriting.ALWAYS,
        remove_types=remove_types,
    )
    small, large = (lines_of_packing(chain(length), options) for length in (100, 200))
    assert large < 2.2 * small


def test_a_configured_model_is_parsed_once_and_the_result_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the output exists and is no host model: then the files that it must not be are looked up."""
    config, output = write_config(tmp_path), tmp_path / "out.hbm"
    output.write_bytes(b"something else")
    parsed: list[object] = []
    load = onnx.load

    def counted(path: Any, **options: Any) -> ModelProto:
        parsed.append(path)
        return load(path, **options)

    monkeypatch.setattr(onnx, "load", counted)
    monkeypatch.setattr("hbm_runtime.packer.container.file.read_bytes", None)
    assert main(["pack", "-c", str(config), "-o", str(output)]) == 0
    assert len(parsed) == 1
    assert str(output) in capsys.readouterr().out
