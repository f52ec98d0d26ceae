"""How output looks: drawn and coloured in a terminal, plain in pipes, whole everywhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.model_factory import ModelFactory
from support.program import COMMAND, environment, run, run_in_terminal

ESCAPE = "\033["
COLOUR = "\033[36m"


def test_a_terminal_gets_colours_and_drawn_tables(models: ModelFactory) -> None:
    ended = run_in_terminal("model_info", models.scaled(2))
    assert ended.code == 0
    assert COLOUR in ended.out
    assert "─" in ended.out
    assert "times_2" in ended.out


def test_a_pipe_gets_plain_text(models: ModelFactory) -> None:
    ended = run("model_info", models.scaled(2))
    assert ESCAPE not in ended.out
    assert ended.out.isascii()


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_a_terminal_that_wants_none_gets_no_colours(variables: dict[str, str], models: ModelFactory) -> None:
    assert COLOUR not in run_in_terminal("model_info", models.scaled(2), env=variables).out


def test_color_never_and_always_decide(models: ModelFactory) -> None:
    assert COLOUR not in run_in_terminal("model_info", models.scaled(2), "--color", "never").out
    assert ESCAPE in run("model_info", models.scaled(2), "--color=always").out
    assert COLOUR in run_in_terminal("model_info", models.scaled(2), "--color=always", env={"NO_COLOR": "1"}).out


def test_json_is_plain_in_a_terminal_too(models: ModelFactory) -> None:
    import json

    ended = run_in_terminal("model_info", models.scaled(2), "--json")
    assert json.loads(ended.out)["models"][0]["name"] == "times_2"


def test_cells_are_never_cut_in_a_narrow_pipe(models: ModelFactory) -> None:
    ended = run("model_info", models.sample("yolov5x_672x672_nv12"), env={"COLUMNS": "20"})
    assert "yolov5x_672x672_nv12" in ended.out
    assert "..." not in ended.out


def test_sections_without_content_are_left_out(models: ModelFactory) -> None:
    shown = run("model_info", models.scaled(2)).out
    assert "description" not in shown
    assert "Processes" not in run("monitor", "-n", "1", "-d", "10", "--", "sleep", "1").out


def test_progress_shows_in_a_terminal_and_not_in_a_pipe(models: ModelFactory) -> None:
    words = ["perf", models.scaled(2), "--perf_time_in_seconds=0.5"]
    shown = run_in_terminal(*words).out
    assert "frames" in shown
    assert "100%" in shown
    assert run(*words).err == ""
    assert "100%" not in run_in_terminal(*words, "--quiet").out


def without_rich(folder: Path) -> dict[str, str]:
    """An environment in which rich cannot be imported."""
    (folder / "rich").mkdir()
    (folder / "rich" / "__init__.py").write_text("raise ImportError('not installed', name='rich')\n")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def test_without_rich_terminals_get_plain_tables_and_a_plain_bar(models: ModelFactory, tmp_path: Path) -> None:
    env = without_rich(tmp_path)
    ended = run_in_terminal("perf", models.scaled(2), "--perf_time_in_seconds=0.5", env=env)
    assert ended.code == 0
    assert "perf [" in ended.out
    assert "Perf result" in ended.out
    assert "─" not in ended.out


def test_a_command_without_its_extra_says_how_to_get_it(models: ModelFactory, tmp_path: Path) -> None:
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError('not installed')\n")
    (tmp_path / "onnx.py").write_text("raise ImportError('not installed', name='onnx')\n")
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    for words in (
        ["perf", models.scaled(2), "--plot=a.png"],
        ["pack", "-m", models.scaled(2), "-o", tmp_path / "a.hbm"],
    ):
        ended = run(*words, env=env)
        assert ended.code == 1
        assert len(ended.err.splitlines()) == 1
        assert f"pip install {'onnx' if words[0] == 'pack' else 'matplotlib'}" in ended.err


def test_a_reader_that_leaves_early_is_no_error(models: ModelFactory) -> None:
    process = subprocess.Popen(
        [*COMMAND, "model_info", str(models.sample("yolov5x_672x672_nv12")), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        errors = process.stderr.read()
    assert process.wait(60) == 141
    assert errors == b""


def test_ctrl_c_in_a_terminal_ends_at_once(models: ModelFactory) -> None:
    ended = run_in_terminal("perf", models.scaled(2), "--perf_time=10", press_after=("frames", b"\x03"), timeout=60)
    assert ended.code == 130
    assert "Perf result" in ended.out
    assert "Traceback" not in ended.out
