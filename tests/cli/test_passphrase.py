"""Encrypted models on the command line: the passphrase comes from a file, stdin or the person at the terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.model_factory import ModelFactory
from support.program import COMMAND, environment, run, run_in_terminal

from hbm_runtime import encryption

WORDS = "corréct horse"


@pytest.fixture
def folder(tmp_path: Path, models: ModelFactory) -> Path:
    encryption.encrypt_model(models.scaled(2), tmp_path / "m.secret", WORDS, cost=14)
    (tmp_path / "words").write_text(WORDS + "\n", encoding="utf-8")
    (tmp_path / "wrong").write_text("other words", encoding="utf-8")
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    return tmp_path


COMMANDS = {
    "model_info": ["model_info", "m.secret"],
    "infer": ["infer", "m.secret", "--input_file", "x.npy", "--dump_intermediate", "1"],
    "perf": ["perf", "m.secret", "--frame_count", "2"],
    "compare": ["compare", "PLAIN", "m.secret"],
    "compare the other way": ["compare", "m.secret", "PLAIN"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_opens_a_model_takes_a_passphrase(command: str, folder: Path, models: ModelFactory) -> None:
    words = [models.scaled(2) if word == "PLAIN" else word for word in COMMANDS[command]]
    given = run(*words, "--passphrase-file", "words", cwd=folder)
    assert (given.code, given.err) == (0, "")
    missing = run(*words, cwd=folder)
    assert missing.code == 1
    assert "m.secret is encrypted: name the file with its passphrase by --passphrase_file" in missing.err
    wrong = run(*words, "--passphrase-file", "wrong", cwd=folder)
    assert wrong.code == 1
    assert "passphrase" in wrong.err
    for ended in (given, missing, wrong):
        assert WORDS not in ended.out + ended.err


def test_a_terminal_is_asked(folder: Path) -> None:
    keys = (WORDS + "\n").encode()
    ended = run_in_terminal("model_info", "m.secret", cwd=folder, press_after=("Passphrase of m.secret: ", keys))
    assert ended.code == 0
    assert "F32" in ended.out
    assert WORDS not in ended.out


def test_stdin_is_read_when_asked_for(folder: Path) -> None:
    command = [*COMMAND, "model_info", "m.secret", "--passphrase_file=-"]
    done = subprocess.run(
        command, cwd=folder, env=environment(), input=WORDS + "\n", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_passphrase_file_is_named(folder: Path) -> None:
    ended = run("model_info", "m.secret", "--passphrase-file", "gone", cwd=folder)
    assert (ended.code, ended.err) == (1, "hbm-runtime model_info: gone: No such file or directory\n")
