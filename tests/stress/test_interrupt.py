"""Ctrl-C while a run waits."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.child import output_of, run_python
from support.model_factory import ModelFactory

PRELUDE = """
import contextlib, os, signal, sys, threading, time
import numpy as np
from hbm_runtime import HB_HBMRuntime, testing
path = sys.argv[1]
x = np.arange(6, dtype=np.float32).reshape(2, 3)
def interrupt(number=signal.SIGINT, tasks=1):
    "Sends the signal when there are so many tasks, and the main thread had time to begin to wait for them."
    def send():
        while testing.live().tasks < tasks:
            time.sleep(0.001)
        time.sleep(0.05)
        os.kill(os.getpid(), number)
    threading.Thread(target=send, daemon=True).start()
"""
"""The runs below do not end by themselves, their tasks are held: a wait that a signal does not end lasts for ever."""

CTRL_C = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(sys.argv[1:])
with testing.faults("task:hang"):
    interrupt(tasks=runtime.model_count)
    try:
        runtime.run({name: {"x": x} for name in runtime.model_names})
        print("finished")
    except KeyboardInterrupt:
        print("interrupted", testing.live().tasks)
print((runtime.run(x, "times_2")["times_2"]["y"] == 2 * x).all())
"""
)


@pytest.mark.parametrize("count", [1, 2], ids=["one model", "two models"])
def test_ctrl_c_ends_a_waiting_run_soon_and_the_next_run_works(
    models: ModelFactory, tmp_path: Path, count: int
) -> None:
    paths = [models.scaled(2), models.scaled(3)][:count]
    lines = output_of(run_python(CTRL_C, *paths, cwd=tmp_path)).splitlines()
    assert lines == [f"interrupted {count}", "True"]


LONGER_THAN_BEFORE = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(path)
inputs = {name: np.zeros(shape, np.float32) for name, shape in runtime.input_shapes["slow"].items()}
def run(count):
    runtime.run(inputs | {"count": np.array([count], np.int64)})
for _ in range(20):
    run(1)
interrupt()
try:
    run(10_000_000)
    print("finished")
except KeyboardInterrupt:
    print("interrupted")
"""
)


def test_ctrl_c_ends_a_run_that_takes_longer_than_those_before(models: ModelFactory, tmp_path: Path) -> None:
    assert output_of(run_python(LONGER_THAN_BEFORE, models.slow(), cwd=tmp_path)).splitlines() == ["interrupted"]


IN_RESULT = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(path)
with testing.faults("task:hang"):
    request = runtime.run_async(x)
    for ask in (request.result, request.exception, request.wait, lambda: request.result(60)):
        try:
            interrupt()
            ask()
            print("finished")
        except KeyboardInterrupt:
            print("interrupted", request.running())
print((request.result(60)["times_2"]["y"] == 2 * x).all())
"""
)


def test_ctrl_c_ends_waiting_for_a_request_and_the_request_goes_on(models: ModelFactory, tmp_path: Path) -> None:
    lines = output_of(run_python(IN_RESULT, models.scaled(2), cwd=tmp_path)).splitlines()
    assert lines == [*["interrupted True"] * 4, "True"]


HANDLER = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(path)
seen = []
def handle(*_):
    seen.append(testing.live().tasks)
    held.close()
signal.signal(signal.SIGUSR1, handle)
with contextlib.ExitStack() as held:
    held.enter_context(testing.faults("task:hang"))
    interrupt(signal.SIGUSR1)
    y = runtime.run(x)["times_2"]["y"]
print(seen, (y == 2 * x).all())
"""
)


def test_a_signal_handler_that_returns_lets_the_run_go_on(models: ModelFactory, tmp_path: Path) -> None:
    assert output_of(run_python(HANDLER, models.scaled(2), cwd=tmp_path)).strip() == "[1] True"


RAISING = (
    PRELUDE
    + """
class Enough(Exception):
    pass
def stop(*_):
    raise Enough
runtime = HB_HBMRuntime(path)
signal.signal(signal.SIGALRM, stop)
with testing.faults("task:hang"):
    interrupt(signal.SIGALRM)
    try:
        runtime.run(x)
    except Enough:
        print("raised", testing.live().tasks)
"""
)


def test_what_a_signal_handler_raises_comes_out_of_run_at_once(models: ModelFactory, tmp_path: Path) -> None:
    assert output_of(run_python(RAISING, models.scaled(2), cwd=tmp_path)).strip() == "raised 1"


REPEATED = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(path)
runtime.run(x)
with testing.faults("task:hang"):
    for number in range(1, 11):
        interrupt(tasks=number)
        try:
            runtime.run(x)
        except KeyboardInterrupt:
            print(testing.live().tasks, end=" ")
y = runtime.run(x)["times_2"]["y"]
print((y == 2 * x).all())
del runtime, y
deadline = time.monotonic() + 30
while time.monotonic() < deadline and (testing.live().tasks or testing.live().allocations):
    time.sleep(0.01)
live = testing.live()
print(live.tasks, live.packed_models, live.allocations, live.allocated_bytes)
"""
)


def test_interrupted_runs_give_everything_back_when_the_device_is_done(models: ModelFactory, tmp_path: Path) -> None:
    lines = output_of(run_python(REPEATED, models.scaled(2), cwd=tmp_path)).splitlines()
    assert lines == ["1 2 3 4 5 6 7 8 9 10 True", "0 0 0 0"]


FORKED_BY_A_THREAD = (
    PRELUDE
    + """
def parent():
    pid = os.fork()
    if pid == 0:
        runtime = HB_HBMRuntime(path)
        with testing.faults("task:hang"):
            interrupt()
            try:
                runtime.run(x)
                print("finished", flush=True)
            except KeyboardInterrupt:
                print("interrupted", testing.live().tasks, flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
thread = threading.Thread(target=parent)
thread.start()
thread.join()
"""
)


def test_ctrl_c_reaches_the_child_of_a_thread_that_forked(models: ModelFactory, tmp_path: Path) -> None:
    """There that thread is the main one, which handles signals."""
    assert output_of(run_python(FORKED_BY_A_THREAD, models.scaled(2), cwd=tmp_path)).strip() == "interrupted 1"


def test_an_uncaught_ctrl_c_ends_the_program_as_python_does(models: ModelFactory, tmp_path: Path) -> None:
    script = PRELUDE + "runtime = HB_HBMRuntime(path)\ninterrupt()\nruntime.run(x)\n"
    completed = run_python(script, models.scaled(2), cwd=tmp_path, environment={"BPUSIM_FAULT": "task:hang"})
    assert completed.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in completed.stderr


STORM = (
    PRELUDE
    + """
import asyncio
runtime = HB_HBMRuntime(path)
name = runtime.model_names[0]
async def many():
    await asyncio.gather(*(one() for _ in range(20)))
async def one():
    await runtime.run_async(x)
done = False
def shoot():
    chance = np.random.default_rng(1)
    while not done:
        time.sleep(chance.uniform(0.0005, 0.01))
        if shooting:
            os.kill(os.getpid(), signal.SIGINT)
shooting = False
threading.Thread(target=shoot, daemon=True).start()
ended = interrupted = 0
for _ in range(150):
    try:
        try:
            shooting = True
            asyncio.run(many())
            ended += 1
        finally:
            shooting = False
            time.sleep(0.001)
    except KeyboardInterrupt:
        shooting = False
        interrupted += 1
    except BaseException as error:
        shooting = False
        time.sleep(0.02)
        if not isinstance(error, (asyncio.CancelledError, RuntimeError)):
            raise
        interrupted += 1
shooting, done = False, True
try:
    time.sleep(0.05)
except KeyboardInterrupt:
    pass
asyncio.run(many())
assert runtime.run(x)[name]["y"][0, 1] == 2
deadline = time.monotonic() + 20
while testing.live().tasks and time.monotonic() < deadline:
    time.sleep(0.01)
print(ended, interrupted, testing.live().tasks)
"""
)


def test_a_storm_of_ctrl_c_leaves_event_loops_that_work(models: ModelFactory, tmp_path: Path) -> None:
    ended, interrupted, tasks = output_of(run_python(STORM, models.scaled(2), cwd=tmp_path, timeout=120)).split()
    assert int(ended) + int(interrupted) >= 100
    assert int(interrupted) > 10
    assert tasks == "0"
