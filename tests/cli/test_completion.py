"""Completion, typed into the shells that it is for."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.program import environment, run

_SECONDS = 30.0


class Shell:
    """An interactive shell in a terminal, in a folder with the files ``a_model.hbm`` and ``config.yaml``."""

    def __init__(self, name: str, folder: Path) -> None:
        program = folder / "bin" / "hbm-runtime"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hbm_runtime.cli "$@"\n')
        program.chmod(0o755)
        for file in ("a_model.hbm", "config.yaml"):
            (folder / file).touch()
        script = run("completion", name).out
        (folder / "functions").mkdir()
        (folder / "functions" / "_hbm-runtime").write_text(script)
        self.terminal, inner = pty.openpty()
        variables = environment(
            {"TERM": "dumb", "PS1": "> ", "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
        )
        words = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[name]
        self.process = subprocess.Popen(
            words, stdin=inner, stdout=inner, stderr=inner, cwd=folder, env=variables, start_new_session=True
        )
        os.close(inner)
        start = {
            "bash": "source functions/_hbm-runtime",
            "zsh": "unsetopt zle_bracketed_paste; fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D",
        }[name]
        self.type(f"{start}; echo rea''dy\n")
        self.until("ready")

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def until(self, text: str) -> str:
        """What the terminal shows until a text appears."""
        shown = ""
        end = time.monotonic() + _SECONDS
        while text not in shown:
            assert time.monotonic() < end, f"{text!r} did not appear: {shown!r}"
            if select.select([self.terminal], [], [], 0.2)[0]:
                shown += os.read(self.terminal, 4096).decode(errors="replace")
        return shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_a_shell_completes_commands_options_and_files(name: str, tmp_path: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    shell = Shell(name, tmp_path)
    try:
        shell.type("hbm-runtime pe\t")
        shell.until("perf ")
        shell.type("--model_file a_m\t")
        shell.until("a_model.hbm ")
        shell.type("--frame_c\t")
        shell.until("--frame_count")
        shell.type("\x15hbm-runtime pack -c co\t")
        shell.until("config.yaml")
    finally:
        shell.close()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_scripts_know_commands_and_options(shell: str) -> None:
    document = run("completion", shell, "--json").json()
    assert document["shell"] == shell
    for text in ("model_info", "--frame_count", "--dump_intermediate"):
        assert text in document["script"]
