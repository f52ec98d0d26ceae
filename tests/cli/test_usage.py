"""Wrong command lines: one message that says what is wrong, exit code 2, nothing on standard output."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.model_factory import ModelFactory
from support.program import run

# Arguments with MODEL and PAIR for model files, and what the message must say.
WRONG = {
    "unknown command": (["modle_info"], ["no command 'modle_info'", "did you mean model_info?"]),
    "unknown option": (["perf", "MODEL", "--fram_count", "3"], ["no option --fram_count", "mean --frame_count?"]),
    "no model": (["model_info"], ["no model is given"]),
    "no value": (["perf", "MODEL", "--frame_count"], ["--frame_count", "expected one argument"]),
    "no frames": (["perf", "MODEL", "--frame_count", "0"], ["--frame_count", "at least 1", "'0'"]),
    "no number": (["perf", "MODEL", "--frame_count=many"], ["--frame_count", "whole number", "'many'"]),
    "33 threads": (["perf", "MODEL", "--thread_num", "33"], ["--thread_num", "from 1 to 32", "'33'"]),
    "no thread": (["perf", "MODEL", "--thread_num", "0"], ["--thread_num", "from 1 to 32"]),
    "priority 256": (["infer", "MODEL", "--task_priority", "256"], ["--task_priority", "0 to 255"]),
    "negative time": (["perf", "MODEL", "--perf_time", "-1"], ["--perf_time", "at least 0"]),
    "infinite time": (["perf", "MODEL", "--perf_time", "inf"], ["--perf_time", "'inf'"]),
    "core 5": (["perf", "MODEL", "--core_id", "5"], ["--core_id", "from 1 (core 0) to 4 (core 3)", "'5'"]),
    "core and any": (["perf", "MODEL", "--core_id", "0,1"], ["--core_id 0 means any core"]),
    "core twice": (["perf", "MODEL", "--core_id", "1,1"], ["--core_id names a core twice"]),
    "wrong flag": (["perf", "MODEL", "--enable_warmup=perhaps"], ["--enable_warmup", "true or false", "'perhaps'"]),
    "wrong format": (["infer", "MODEL", "--dump_format", "xml"], ["--dump_format", "xml", "bin"]),
    "padded npy": (["infer", "MODEL", "--dump_padded", "--dump_format=npy"], ["--dump_padded", "bin only"]),
    "log level": (["model_info", "MODEL", "--log_level", "9"], ["--log_level", "from 0 to 4"]),
    "colour": (["model_info", "MODEL", "--color", "blue"], ["--color", "always"]),
    "unknown model": (["model_info", "PAIR", "--model_name", "frist"], ["no model 'frist'", "mean first?"]),
    "model not named": (["perf", "PAIR"], ["--model_name must choose", "first, second"]),
    "no inputs": (["infer", "MODEL"], ["--input_file must give", "x (F32 [2, 3])"]),
    "too many inputs": (["infer", "MODEL", "--input_file", "a.npy,b.npy"], ["2 files", "1 inputs", "x"]),
    "unknown input": (["infer", "MODEL", "--input_file", "y=a.npy"], ["no input 'y'", "x"]),
    "unknown kind": (["infer", "MODEL", "--input_file", "a.mp4"], ["a.mp4", "known are .npy"]),
    "wrong shape text": (["perf", "MODEL", "--input_valid_shape", "2x3"], ["--input_valid_shape", "1,300,300,1"]),
    "shape does not fit": (["perf", "MODEL", "--input_valid_shape", "2,4"], ["[2, 4]", "'x'", "[2, 3]"]),
    "shapes for too many": (["perf", "MODEL", "--input_valid_shape", "2,3;2,3"], ["2 groups", "1 inputs"]),
    "strides too few": (["infer", "MODEL", "--input_file=a.bin", "--input_stride=4"], ["1 strides", "2 dimensions"]),
    "pack nothing": (["pack"], ["--config", "--model", "required"]),
    "pack two things": (["pack", "-c", "a.yaml", "-m", "b.onnx"], ["not allowed with"]),
    "pack config and name": (["pack", "-c", "a.yaml", "--name", "b"], ["--name", "go with --model"]),
    "pack march": (["pack", "-m", "MODEL", "--march", "nash-x"], ["--march nash-x", "nash-p"]),
    "pack shape": (["pack", "-m", "MODEL", "-i", "x", "2;3"], ["--input-shape x", "1x3x224x224"]),
    "seed without random values": (["infer", "MODEL", "--seed", "1"], ["no option --seed"]),
    "negative seed": (["perf", "MODEL", "--seed", "-1"], ["--seed", "at least 0"]),
    "plot of an unknown kind": (["perf", "MODEL", "--plot", "a.doc"], ["--plot a.doc", ".png"]),
    "help of no command": (["help", "perv"], ["no command 'perv'", "did you mean perf?"]),
    "help of two": (["help", "perf", "infer"], ["one command at a time"]),
    "plain model and passphrase": (["perf", "MODEL", "--passphrase-file", "-"], ["--passphrase_file", "not encrypted"]),
    "link without output": (["link", "a.hbm"], ["--output"]),
}  # fmt: skip


def spelled(words: list[str], models: ModelFactory) -> list[object]:
    files = {"MODEL": models.scaled(2), "PAIR": models.pair()}
    return [files.get(word, word) for word in words]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "-"))
def test_a_wrong_command_line_is_explained(case: str, models: ModelFactory, tmp_path: Path) -> None:
    words, parts = WRONG[case]
    ended = run(*spelled(words, models), cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert ended.out == ""
    lines = ended.err.splitlines()
    assert len(lines) == 2, ended.err
    assert [part for part in parts if part not in lines[0]] == [], lines[0]
    assert lines[1].startswith("Try 'hbm-runtime")
    assert lines[1].endswith("--help'.")
    assert list(tmp_path.iterdir()) == []


# Files and models that do not fit: the command line is right, so the code is 1.
FAILING = {
    "no such model": (["model_info", "gone.hbm"], ["gone.hbm"]),
    "no model": (["model_info", "text.hbm"], ["text.hbm"]),
    "no such input": (["infer", "MODEL", "--input_file", "gone.npy"], ["gone.npy", "No such file"]),
    "input is no array": (["infer", "MODEL", "--input_file", "text.npy"], ["text.npy is no .npy file"]),
    "input is no archive": (["infer", "MODEL", "--input_file", "text.npz"], ["text.npz is no .npz file"]),
    "input is no picture": (["infer", "CAMERA", "--input_file", "text.jpg"], ["text.jpg is no picture"]),
    "picture for floats": (["infer", "MODEL", "--input_file", "text.jpg"], ["'x'", "F32", "picture"]),
    "text without numbers": (["infer", "MODEL", "--input_file", "text.txt"], ["text.txt", "no number", "'x'"]),
    "too few bytes": (["infer", "MODEL", "--input_file", "text.bin"], ["text.bin", "12 bytes", "6 elements"]),
    "no such configuration": (["pack", "-c", "gone.yaml"], ["gone.yaml"]),
    "no such onnx": (["pack", "-m", "gone.onnx"], ["gone.onnx"]),
    "no such part": (["link", "gone.hbm", "-o", "all.hbm"], ["gone.hbm"]),
}


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_does_not_fit_is_explained(case: str, models: ModelFactory, tmp_path: Path) -> None:
    words, parts = FAILING[case]
    for suffix in ("hbm", "npy", "npz", "jpg", "txt", "bin"):
        (tmp_path / f"text.{suffix}").write_text("just a text\n")
    before = sorted(tmp_path.iterdir())
    files = {"MODEL": models.scaled(2), "CAMERA": models.nv12(4, 6)}
    ended = run(*[files.get(word, word) for word in words], cwd=tmp_path)
    assert ended.code == 1, ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert [part for part in parts if part not in ended.err] == [], ended.err
    assert sorted(tmp_path.iterdir()) == before


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    ended = run("model_info", "gone.hbm", "--debug", cwd=tmp_path)
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.err


def test_help_of_a_command_is_its_help() -> None:
    for command in ("perf", "model-info"):
        assert run("help", command) == run(command, "--help")
    assert run("help", "perf").out.startswith("usage: hbm-runtime perf ")


def test_without_a_command_the_overview_goes_to_stderr() -> None:
    ended = run()
    assert ended.code == 2
    assert ended.out == ""
    assert "commands:" in ended.err


@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help_lists_every_command(word: str) -> None:
    from hbm_runtime.cli.program import COMMANDS

    ended = run(word)
    assert ended.code == 0
    assert ended.err == ""
    assert [name for name in COMMANDS if f"\n  {name} " not in ended.out] == []


def test_every_command_explains_itself() -> None:
    from hbm_runtime.cli.program import COMMANDS, command_parser

    for name in COMMANDS:
        text = command_parser(name).format_help()
        assert text.startswith(f"usage: hbm-runtime {name}")
        assert "--json" in text


def test_help_of_a_command_ends_well() -> None:
    ended = run("perf", "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "--frame_count" in ended.out


SPELLINGS = {
    "equals": ["--frame_count=3", "--thread_num=2"],
    "two words": ["--frame_count", "3", "--thread_num", "2"],
    "dashes": ["--frame-count=3", "--thread-num", "2"],
    "one dash": ["-frame_count=3", "-thread_num", "2"],
    "last wins": ["--frame_count=9", "--frame_count=3", "--thread_num=1", "--thread_num=2"],
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_options_have_the_vendors_spellings(spelling: list[str], models: ModelFactory) -> None:
    condition = run("perf", "--model_file", models.scaled(2), *spelling, "--json").json()["running_condition"]
    assert (condition["frame_count"], condition["thread_num"]) == (3, 2)


def test_a_command_may_be_written_with_a_dash(models: ModelFactory) -> None:
    assert run("model-info", "--model-file", models.scaled(2), "--json").json()["models"][0]["name"] == "times_2"


def test_version_tells_package_and_driver() -> None:
    import hbm_runtime

    ended = run("--version")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"hbm-runtime {hbm_runtime.__version__}",
        f"driver {hbm_runtime.HB_HBMRuntime.version}",
    ]


def test_a_missing_driver_has_its_own_exit_code(models: ModelFactory, tmp_path: Path) -> None:
    ended = run("model_info", models.scaled(2), env={"HBM_RUNTIME_DRIVER": str(tmp_path / "nowhere")})
    assert ended.code == 4
    assert ended.out == ""
    assert "nowhere/libhbucp.so" in ended.err
