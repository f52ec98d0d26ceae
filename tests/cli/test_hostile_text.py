"""Text of a model is data: no command lets its control characters reach a terminal, a log, a page or a picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import program

import hbm_runtime
from hbm_runtime import HB_HBMRuntime
from hbm_runtime._printable import printable, printable_line

HOSTILE = "\x1b[2J\x1b]0;title\x07\r\x9b31m<script>&\"'\u202e"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of whose texts each has escape sequences."""
    tensors = [
        helper.make_tensor_value_info(name + HOSTILE, TensorProto.FLOAT, [2, "n" + HOSTILE]) for name in ("x", "y")
    ]
    tensors[0].doc_string = "input" + HOSTILE
    node = helper.make_node("Neg", ["x" + HOSTILE], ["y" + HOSTILE], name="node" + HOSTILE)
    graph = helper.make_graph([node], "graph" + HOSTILE, tensors[:1], tensors[1:], doc_string="graph" + HOSTILE)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="maker" + HOSTILE
    )
    helper.set_model_props(model, {"key" + HOSTILE: "value" + HOSTILE})
    path = tmp_path_factory.mktemp("hostile") / f"name{HOSTILE}.onnx".replace("/", "")
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("model_info", "{model}"),
        ("model_info", "--json", "{model}"),
        ("model_info", "--color", "always", "{model}"),
        ("model_info", "--graph", "graph.svg", "{model}"),
        ("model_info", "--graph", "graph.dot", "{model}"),
        ("perf", "--model_file", "{model}", "--frame_count", "2", "--input_valid_shape", "2,3"),
        ("perf", "--model_file", "{model}", "--frame_count", "2", "--input_valid_shape", "2,3", "--json"),
        ("perf", "--model_file", "{model}", "--frame_count", "2", "--input_valid_shape", "2,3", "--profile", "."),
        ("infer", "--model_file", "{model}"),
        ("pack", "-m", "{model}", "-o", "packed.hbm"),
        ("pack", "-m", "{model}", "-o", "packed.hbm", "--json"),
        ("compare", "{model}", "{model}"),
        ("perf", "--model_file", "{model}", "--model_name", "no such"),
    ],
    ids=" ".join,
)
def test_no_command_shows_control_characters(words: tuple[str, ...], hostile: Path, tmp_path: Path) -> None:
    colored = "--color" in words
    ended = program.run(*(word.format(model=hostile) for word in words), cwd=tmp_path)
    own = re.compile("\x1b\\[[0-9;]*m") if colored else re.compile("(?!)")
    for text in (own.sub("", ended.out), own.sub("", ended.err)):
        assert not CONTROL.search(text), repr(text)
    for path in tmp_path.rglob("*"):
        if path.suffix in {".svg", ".dot", ".html", ".json", ".csv"}:
            text = path.read_text(encoding="utf-8")
            assert not CONTROL.search(text), path
            assert path.suffix != ".svg" or "<script>" not in text


def test_errors_show_escapes_and_keep_names(hostile: Path) -> None:
    with HB_HBMRuntime(str(hostile)) as runtime:
        name = runtime.model_names[0]
        with pytest.raises(hbm_runtime.InputError) as raised:
            runtime.run({"wrong" + HOSTILE: np.zeros((2, 3), np.float32)})
    assert not CONTROL.search(str(raised.value))
    assert raised.value.model == name


def test_line_breaks_stay_in_texts_and_not_in_lines() -> None:
    assert printable("a\tb\nc\x1b") == "a\tb\nc\\x1b"
    assert printable_line("a\tb\nc\u202e") == "a\\tb\\nc\\u202e"
