"""``monitor`` looks into other processes that use bpusim, and at a board's kernel files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support import slow
from support.model_factory import ModelFactory
from support.program import COMMAND, environment, run, run_in_terminal

from hbm_runtime._machine.board import Board
from hbm_runtime.cli.monitoring.snapshot import Watcher
from hbm_runtime.cli.monitoring.status_page import read_page

BUSY = """
import sys, threading
import numpy as np
from hbm_runtime import HB_HBMRuntime
path, steps, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
runtime = HB_HBMRuntime(path)
inputs = {"x": np.zeros((96, 96), np.float32), "count": np.array([steps])}
held = runtime.run(inputs)
print("ready", flush=True)
def work():
    while True:
        runtime.run(inputs, bpu_cores={"slow": [1]})
if threads:
    for _ in range(threads):
        threading.Thread(target=work, daemon=True).start()
sys.stdin.read()
"""


@contextmanager
def working(models: ModelFactory, threads: int, env: dict[str, str | None] | None = None) -> Iterator[int]:
    """A process whose threads keep core 1 busy; yields its number."""
    words = [sys.executable, "-c", BUSY, str(models.slow()), str(slow.steps_for(models.slow(), 0.02)), str(threads)]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(env), cwd=models.directory
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process.pid
        finally:
            process.kill()
            process.wait()


def test_load_and_queue_of_another_process_are_seen(models: ModelFactory) -> None:
    with working(models, threads=3) as process:
        ended = run("monitor", "-n", 2, "-d", 700, "--json")
    last = json.loads(ended.out.splitlines()[-1])
    cores = [core for core in last["cores"] if core["process"] == process]
    assert [core["name"] for core in cores] == ["BPU0", "BPU1", "BPU2", "BPU3"]
    # Three threads share one core: it is busy, and two tasks wait most of the time.
    assert cores[1]["load"] > 0.3
    assert cores[1]["tasks_per_second"] > 0
    assert [cores[index]["load"] for index in (0, 2, 3)] == [0, 0, 0]
    (entry,) = [entry for entry in last["processes"] if entry["process"] == process]
    assert entry["device_bytes"] >= 2 * 96 * 96 * 4
    assert entry["resident_bytes"] > entry["device_bytes"]
    assert "S600" in entry["soc"]
    assert sys.executable in entry["command"]


def test_an_idle_process_has_no_load_and_keeps_its_memory(models: ModelFactory) -> None:
    with working(models, threads=0) as process:
        page = read_page(process)
        assert page is not None
        assert [core.running for core in page.cores] == [False] * 4
        assert sum(core.finished for core in page.cores) == 1
        (snapshot,) = [Watcher(10, [process]).next(0.1)]
        assert [core.load for core in snapshot.cores] == [0.0] * 4
        assert page.bytes > 0
    assert read_page(process) is None


def test_the_page_counts_what_the_driver_counts(models: ModelFactory) -> None:
    from hbm_runtime import HB_HBMRuntime, _core

    runtime = HB_HBMRuntime(str(models.scaled(2)))
    held = runtime.run(np.zeros((2, 3), np.float32))
    page, live, cores = read_page(os.getpid()), _core.driver_live(), _core.core_loads()
    assert page is not None
    assert (page.bytes, page.blocks, page.tasks) == (
        live["allocated_bytes"], live["allocations"], live["tasks"],
    )  # fmt: skip
    assert [core.finished for core in page.cores] == [core["finished_tasks"] for core in cores]
    assert [core.busy_ns for core in page.cores] == [core["busy_ns"] for core in cores]
    del held


def test_a_process_can_keep_to_itself(models: ModelFactory) -> None:
    with working(models, threads=0, env={"BPUSIM_MONITOR": "0"}) as process:
        assert read_page(process) is None
        ended = run("monitor", "-n", 1, "-d", 100, "--pid", process)
    assert ended.code == 1
    assert f"process {process} has ended or does not use bpusim" in ended.err


def test_a_forked_child_is_not_taken_for_its_parent(models: ModelFactory) -> None:
    script = (
        "import os, sys, time\nfrom hbm_runtime import HB_HBMRuntime\nimport numpy as np\n"
        "HB_HBMRuntime(sys.argv[1]).run(np.zeros((2, 3), np.float32))\n"
        "child = os.fork()\n"
        "if child == 0:\n    time.sleep(60)\n    os._exit(0)\n"
        "print(child, flush=True)\nsys.stdin.read()\nos.kill(child, 9)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(models.scaled(2))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, cwd=models.directory,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        child = int(process.stdout.readline())
        assert read_page(process.pid) is not None
        assert read_page(child) is None
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_command_is_run_and_watched(models: ModelFactory) -> None:
    words = [*COMMAND, "perf", models.scaled(2), "--perf_time_in_seconds=1"]
    ended = run("monitor", "-d", 200, "--", *words)
    assert ended.code == 0
    assert "Perf result" in ended.out
    assert "BPU0" in ended.out


@pytest.mark.parametrize(
    ("command", "part"),
    [(["false"], "false ended with 1"), (["no-such-program"], "no-such-program cannot be run")],
)
def test_a_command_that_fails_is_reported(command: list[str], part: str) -> None:
    ended = run("monitor", "-d", 100, "--", *command)
    assert ended.code == 1
    assert part in ended.err


def test_it_ends_after_a_time() -> None:
    begin = time.monotonic()
    ended = run("monitor", "-d", 300, "-t", 1, "--json")
    assert ended.code == 0
    assert 1 <= len(ended.out.splitlines()) <= 5
    assert time.monotonic() - begin < 60


def test_parts_can_be_chosen_in_the_vendors_words() -> None:
    assert "Processes" not in run("monitor", "-b", "-n", 1, "-d", 100, "-e", "BPU").out
    ended = run("monitor", "-b", "-n", 1, "-d", 100, "-e", "bpu;dsp;memory")
    assert "Processes" in ended.out
    assert "nothing is known of dsp" in ended.err
    wrong = run("monitor", "-e", "gpu")
    assert wrong.code == 2
    assert "gpu" in wrong.err


def test_a_terminal_is_redrawn_until_ctrl_c() -> None:
    ended = run_in_terminal("monitor", "-d", 100, press_after=("Ctrl-C ends", b"\x03"), timeout=60)
    assert ended.code == 130
    assert "\033[H\033[J" in ended.out
    assert "Traceback" not in ended.out


def board(folder: Path, ratios: list[str]) -> Board:
    """Kernel files as a board has them."""
    for index, ratio in enumerate(ratios):
        core = folder / "sys" / "devices" / "system" / "bpu" / f"bpu{index}"
        core.mkdir(parents=True)
        (core / "ratio").write_text(ratio)
    zone = folder / "sys" / "class" / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("bpu-thermal\n")
    (zone / "temp").write_text("51250\n")
    (folder / "proc" / "77" / "fd").mkdir(parents=True)
    (folder / "proc" / "77" / "fd" / "3").symlink_to("/dev/bpu_core0")
    (folder / "proc" / "meminfo").write_text("MemTotal: 100 kB\nCmaTotal: 30 kB\nCmaFree: 20 kB\n")
    return Board(folder)


def test_a_boards_files_are_read(tmp_path: Path) -> None:
    files = board(tmp_path, ["37\n", "100\n", "none\n"])
    assert files.exists()
    assert files.core_names() == ["bpu0", "bpu1", "bpu2"]
    assert files.loads() == [0.37, 1.0, None]
    assert files.average_loads(0.05, 100) == [pytest.approx(0.37), 1.0, None]
    assert files.temperatures() == {"bpu-thermal": 51.25}
    assert files.memory() == {"memory total": 102400, "CMA total": 30720, "CMA free": 20480}
    assert list(files.processes()) == [77]
    snapshot = Watcher(100, [], files).next(0.05)
    assert [(core.name, core.process, core.load) for core in snapshot.cores] == [
        ("BPU0", None, pytest.approx(0.37)), ("BPU1", None, 1.0), ("BPU2", None, None),
    ]  # fmt: skip
    assert [entry.process for entry in snapshot.processes] == [77]


def test_a_machine_without_a_bpu_is_no_board(tmp_path: Path) -> None:
    assert not Board(tmp_path).exists()
    assert Board(tmp_path).memory() == {}
