"""Files that commands write appear complete or not at all, whatever ends the command."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from support.model_factory import ModelFactory
from support.program import COMMAND, environment


def limited(words: list[object], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the program where no file can grow beyond 8 KiB."""
    limit = ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh"]
    return subprocess.run(
        [*limit, *COMMAND, *map(str, words)],
        cwd=folder,
        env=environment({"TMPDIR": str(folder)}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["infer", "MODEL", "--input_file=x.npy", "--enable_dump"],
        ["infer", "MODEL", "--input_file=x.npy", "--enable_dump", "--dump_format=npy"],
        ["infer", "MODEL", "--input_file=x.npy", "--enable_dump", "--dump_format=txt"],
        ["perf", "MODEL", "--frame_count=3", "--plot=p.png"],
        ["model_info", "MODEL", "--graph=g.dot"],
    ],
    ids=["bin", "npy", "txt", "plot", "graph"],
)
def test_no_room_is_one_message_and_no_file(words: list[object], models: ModelFactory, tmp_path: Path) -> None:
    model = models.many(60) if words[0] == "model_info" else models.identity("F32", (1, 3, 40, 40))
    np.save(tmp_path / "x.npy", np.ones((1, 3, 40, 40), np.float32))
    before = sorted(tmp_path.iterdir())
    ended = limited([model if word == "MODEL" else word for word in words], tmp_path)
    assert ended.returncode == 1, ended.stdout
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert "cannot write" in ended.stderr
    assert "File too large" in ended.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_sigterm_ends_a_command_with_its_code_and_no_traceback(models: ModelFactory, tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "perf", str(models.scaled(2)), "--perf_time=10", "--statistic_cycle=1"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert errors == ""
    assert time.monotonic() - began < 30
