"""Ctrl-C while a run waits."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from support import slow
from support.child import output_of, run_python
from support.model_factory import ModelFactory

SOON = 0.2 + 0.8
"""Seconds: 0.2 is the promise, the rest is for busy machines."""

PRELUDE = """
import os, signal, sys, threading, time
import numpy as np
from hbm_runtime import HB_HBMRuntime
path, steps, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
def inputs(count):
    return {"x": x, "count": np.array([count])}
sent = []
def interrupt(after, number=signal.SIGINT):
    def send():
        time.sleep(after)
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)
    threading.Thread(target=send, daemon=True).start()
"""

CTRL_C = (
    PRELUDE
    + """
runtime = HB_HBMRuntime([path, sys.argv[4]] if len(sys.argv) > 4 else path)
call = {runtime.model_names[i]: inputs(steps) for i in range(runtime.model_count)}
interrupt(0.3)
try:
    runtime.run(call)
    print("finished")
except KeyboardInterrupt:
    print(time.monotonic() - sent[0])
result = runtime.run({runtime.model_names[0]: inputs(3)})
print(np.array_equal(result[runtime.model_names[0]]["y"], np.roll(x, 3, axis=1)))
"""
)


@pytest.mark.parametrize("count", [1, 2], ids=["one model", "two models"])
def test_ctrl_c_ends_a_waiting_run_soon_and_the_next_run_works(
    models: ModelFactory, tmp_path: Path, count: int
) -> None:
    paths = [models.slow(), models.slow("slow_b")][:count]
    steps = slow.steps_for(paths[0], 4.0)
    lines = output_of(
        run_python(CTRL_C, paths[0], steps, slow.X.shape[0], *paths[1:], cwd=tmp_path, timeout=120)
    ).split()
    assert lines[0] != "finished"
    assert float(lines[0]) < SOON
    assert lines[1] == "True"


IN_RESULT = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(path)
request = runtime.run_async(inputs(steps))
for ask in (request.result, request.exception, request.wait, lambda: request.result(60)):
    interrupt(0.05)
    try:
        ask()
        print("finished")
    except KeyboardInterrupt:
        print(time.monotonic() - sent[-1])
print(request.running())
request.abandon()
"""
)


def test_ctrl_c_ends_waiting_for_a_request_and_the_request_goes_on(models: ModelFactory, tmp_path: Path) -> None:
    path = models.slow()
    lines = output_of(run_python(IN_RESULT, path, slow.steps_for(path, 6.0), slow.X.shape[0], cwd=tmp_path)).split()
    assert lines.pop() == "True"
    assert len(lines) == 4
    assert all(float(line) < SOON for line in lines)


HANDLER = (
    PRELUDE
    + """
runtime = HB_HBMRuntime(path)
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))
interrupt(0.1, signal.SIGUSR1)
y = runtime.run(inputs(steps))["slow"]["y"]
print(len(seen), np.array_equal(y, np.roll(x, steps, axis=1)), seen[0] - sent[0])
"""
)


def test_a_signal_handler_that_returns_lets_the_run_go_on(models: ModelFactory, tmp_path: Path) -> None:
    path = models.slow()
    steps = slow.steps_for(path, 2.0)
    count, right, after = output_of(run_python(HANDLER, path, steps, slow.X.shape[0], cwd=tmp_path)).split()
    assert (count, right) == ("1", "True")
    assert float(after) < SOON


RAISING = (
    PRELUDE
    + """
class Enough(Exception):
    pass
def stop(*_):
    raise Enough
runtime = HB_HBMRuntime(path)
signal.signal(signal.SIGALRM, stop)
interrupt(0.1, signal.SIGALRM)
try:
    runtime.run(inputs(steps))
except Enough:
    print("raised", time.monotonic() - sent[0])
"""
)


def test_what_a_signal_handler_raises_comes_out_of_run_at_once(models: ModelFactory, tmp_path: Path) -> None:
    path = models.slow()
    completed = run_python(RAISING, path, slow.steps_for(path, 4.0), slow.X.shape[0], cwd=tmp_path)
    word, after = output_of(completed).split()
    assert word == "raised"
    assert float(after) < SOON


REPEATED = (
    PRELUDE
    + """
from hbm_runtime import _core
runtime = HB_HBMRuntime(path)
runtime.run(inputs(1))
interrupted, late = 0, 0.0
for _ in range(10):
    interrupt(0.02)
    try:
        runtime.run(inputs(steps))
    except KeyboardInterrupt:
        interrupted += 1
        late += time.monotonic() - sent[-1]
y = runtime.run(inputs(2))["slow"]["y"]
print(interrupted, late < 0.5 * float(sys.argv[4]) * interrupted, np.array_equal(y, np.roll(x, 2, axis=1)))
del runtime, y
deadline = time.monotonic() + 30
while time.monotonic() < deadline and (_core.driver_live()["tasks"] or _core.driver_live()["allocations"]):
    time.sleep(0.01)
live = _core.driver_live()
print(live["tasks"], live["packed_models"], live["allocations"], live["allocated_bytes"])
"""
)


def test_interrupted_runs_give_everything_back_when_the_device_is_done(models: ModelFactory, tmp_path: Path) -> None:
    path = models.slow()
    seconds = 0.6
    completed = run_python(
        REPEATED, path, slow.steps_for(path, seconds), slow.X.shape[0], seconds, cwd=tmp_path, timeout=120
    )
    assert output_of(completed).splitlines() == ["10 True True", "0 0 0 0"]


FORKED_BY_A_THREAD = (
    PRELUDE
    + """
def parent():
    pid = os.fork()
    if pid == 0:
        runtime = HB_HBMRuntime(path)
        interrupt(0.3)
        try:
            runtime.run(inputs(steps))
            print("finished", flush=True)
        except KeyboardInterrupt:
            print(time.monotonic() - sent[0], flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
thread = threading.Thread(target=parent)
thread.start()
thread.join()
"""
)


def test_ctrl_c_reaches_the_child_of_a_thread_that_forked(models: ModelFactory, tmp_path: Path) -> None:
    """There that thread is the main one, which handles signals."""
    path = models.slow()
    text = output_of(
        run_python(FORKED_BY_A_THREAD, path, slow.steps_for(path, 4.0), slow.X.shape[0], cwd=tmp_path, timeout=120)
    )
    assert text.strip() != "finished"
    assert float(text) < SOON


def test_an_uncaught_ctrl_c_ends_the_program_as_python_does(models: ModelFactory, tmp_path: Path) -> None:
    path = models.slow()
    script = PRELUDE + "interrupt(0.2)\nprint(time.time(), flush=True)\nHB_HBMRuntime(path).run(inputs(steps))\n"
    completed = run_python(script, path, slow.steps_for(path, 8.0), slow.X.shape[0], cwd=tmp_path)
    elapsed = time.time() - float(completed.stdout)
    assert completed.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in completed.stderr
    assert elapsed < 0.2 + 1.0 + 3.0, "loading, the interrupt, the end of the interpreter; a whole run takes 8 s"


STORM = (
    PRELUDE
    + """
import asyncio, hbm_runtime
from hbm_runtime import testing
runtime = HB_HBMRuntime(path)
name = runtime.model_names[0]
x = np.ones(6, np.float32).reshape(2, 3)
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
assert runtime.run(x)[name]["y"][0, 0] == 2
deadline = time.monotonic() + 20
while testing.live().tasks and time.monotonic() < deadline:
    time.sleep(0.01)
print(ended, interrupted, testing.live().tasks)
"""
)


def test_a_storm_of_ctrl_c_leaves_event_loops_that_work(models: ModelFactory, tmp_path: Path) -> None:
    ended, interrupted, tasks = output_of(run_python(STORM, models.scaled(2), 0, 0, cwd=tmp_path, timeout=120)).split()
    assert int(ended) + int(interrupted) >= 100
    assert int(interrupted) > 10
    assert tasks == "0"
