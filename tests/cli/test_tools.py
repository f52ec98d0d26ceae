"""``model_info --graph``, ``compare``, ``samples`` and ``link``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import onnx
from support import onnx_models
from support.model_factory import ModelFactory
from support.program import run


def test_a_drawing_has_inputs_operations_and_outputs(models: ModelFactory, tmp_path: Path) -> None:
    assert run("model_info", models.mixed(), "--graph", "mixed.dot", cwd=tmp_path).code == 0
    text = (tmp_path / "mixed.dot").read_text(encoding="utf-8")
    boxes = re.findall(r'^  (n\d+) \[class=(\w+) label="([^"\\]+)', text, re.MULTILINE)
    assert sorted(name for _, kind, name in boxes if kind == "input") == ["count", "gain", "mask"]
    assert sorted(name for _, kind, name in boxes if kind == "operation") == ["Add", "Neg", "Transpose"]
    assert sorted(name for _, kind, name in boxes if kind == "output") == ["alpha", "mike", "zulu"]
    arrows = re.findall(r"^  (n\d+) -> (n\d+)$", text, re.MULTILINE)
    assert len(arrows) == 6
    assert {end for arrow in arrows for end in arrow} == {node for node, _, _ in boxes}


def test_names_cannot_leave_their_quotes(tmp_path: Path) -> None:
    model = onnx_models.scaled(2)
    model.graph.node[0].name = 'a"]; b [label="x\\'
    onnx.save(model, str(tmp_path / "odd.onnx"))
    assert run("model_info", "odd.onnx", "--graph", "odd.dot", cwd=tmp_path).code == 0
    text = (tmp_path / "odd.dot").read_text(encoding="utf-8")
    assert 'a\\"]; b [label=\\"x\\\\"' in text
    assert len(re.findall(r"^  n\d+ \[", text, re.MULTILINE)) == 3


STAND_IN = """#!/bin/sh
[ "$*" = "-Tsvg" ] || { echo "given: $*" >&2; exit 1; }
grep -q digraph || exit 1
echo '<svg xmlns="http://www.w3.org/2000/svg"/>'
"""


def test_an_svg_is_drawn_by_graphviz_where_it_is_installed(models: ModelFactory, tmp_path: Path) -> None:
    words = ("model_info", models.scaled(2), "--graph", tmp_path / "model.svg")
    ended = run(*words, env={"PATH": str(tmp_path)})
    assert ended.code == 1
    assert "apt-get install graphviz; or name a file that ends in .dot" in ended.err
    assert not (tmp_path / "model.svg").exists()
    program = tmp_path / "dot"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    assert run(*words, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}).code == 0
    assert ElementTree.parse(tmp_path / "model.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    program.write_text("#!/bin/sh\necho no fonts >&2; exit 3\n")
    assert "no fonts" in run(*words, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}).err


def test_models_that_differ_fail_the_comparison(models: ModelFactory) -> None:
    assert run("compare", models.scaled(2), models.scaled(2), "--json").json()["passed"] is True
    ended = run("compare", models.scaled(2), models.scaled(3), "--largest_error", "0.001")
    assert ended.code == 3
    assert "FAILED" in ended.out


def test_packed_files_are_linked(models: ModelFactory, tmp_path: Path) -> None:
    for factor in (2, 3):
        assert run("pack", "-m", models.scaled(factor), "-o", f"{factor}.hbm", cwd=tmp_path).code == 0
    document = run("link", "2.hbm", "3.hbm", "-o", "both.hbm", "--json", cwd=tmp_path).json()
    assert document["models"] == ["times_2", "times_3"]
    assert run("model_info", "both.hbm", "--json", cwd=tmp_path).json()["models"][1]["name"] == "times_3"


def test_a_sample_runs(tmp_path: Path) -> None:
    document = run("samples", tmp_path, "--board", "s600", "--names", "asr", "--json").json()
    assert document["files"] == [str(tmp_path / "s600" / "basic" / "asr.hbm")]
    assert run("perf", *document["files"], "--frame_count=1").code == 0
