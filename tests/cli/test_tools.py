"""``model_info --graph``, ``compare``, ``samples``, ``link`` and ``completion``."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.model_factory import ModelFactory
from support.program import run

SVG = "{http://www.w3.org/2000/svg}"


def test_a_drawing_has_inputs_operations_and_outputs(models: ModelFactory, tmp_path: Path) -> None:
    assert run("model_info", models.mixed(), "--graph", "mixed.svg", cwd=tmp_path).code == 0
    root = ElementTree.parse(tmp_path / "mixed.svg").getroot()
    boxes = [(group.get("class"), group.findtext(f"{SVG}text") or "") for group in root.iter(f"{SVG}g")]
    assert sorted(name for kind, name in boxes if kind == "input") == ["count", "gain", "mask"]
    assert sorted(name for kind, name in boxes if kind == "operation") == ["Add", "Neg", "Transpose"]
    assert sorted(name for kind, name in boxes if kind == "output") == ["alpha", "mike", "zulu"]
    arrows = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(arrows) == 6


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


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_scripts_know_commands_and_options(shell: str) -> None:
    script = run("completion", shell).out
    assert "model_info" in script
    assert "--frame_count" in script


def test_the_bash_script_is_valid_bash() -> None:
    script = run("completion", "bash").out
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
