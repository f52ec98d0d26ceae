"""fork() and process pools: a child gets an error at once, its parent notices nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import slow
from support.child import output_of, run_python
from support.model_factory import ModelFactory

PRELUDE = """
import gc, os, sys, threading, time, traceback
import numpy as np
from hbm_runtime import HB_HBMRuntime, HbmError
import hbm_runtime
x = np.ones((2, 3), np.float32)

def in_child(work):
    "Runs work in a forked child and gives what it prints; the child must end within 20 s."
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            text = str(work())
        except BaseException as error:
            text = "raised " + type(error).__name__ + ": " + str(error)
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    deadline = time.monotonic() + 20
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            return "hung"
        time.sleep(0.001)
    with os.fdopen(reading) as pipe:
        return pipe.read()

def refused(work):
    "How work ends in a child: the kind of error, and whether it came within the bound."
    def timed():
        start = time.monotonic()
        try:
            work()
        except HbmError as error:
            fast = time.monotonic() - start < 0.1 + 0.4  # 0.1 s is the promise, the rest is for busy machines
            return f"HbmError {fast} {'fork' in str(error)}"
        return "no error"
    return in_child(timed)

def check(runtime):
    return runtime.run(x)["times_2"]["y"].tolist() == (2 * x).tolist()
"""

AFTER_USE: dict[str, str] = {
    "run": "refused(lambda: runtime.run(x))",
    "run of several models": "refused(lambda: pair.run({'times_2': {'x': x}, 'times_3': {'x': x}}))",
    "load": "refused(lambda: HB_HBMRuntime(sys.argv[1]))",
}


@pytest.mark.parametrize("state", ["idle", "busy"])
@pytest.mark.parametrize("case", AFTER_USE)
def test_the_child_of_a_process_that_uses_the_driver_gets_a_typed_error(
    models: ModelFactory, tmp_path: Path, case: str, state: str
) -> None:
    path = models.slow()
    script = (
        PRELUDE
        + """
runtime, pair, busy = HB_HBMRuntime(sys.argv[1]), HB_HBMRuntime(sys.argv[1:3]), HB_HBMRuntime(sys.argv[3])
assert check(runtime)
pair.run({'times_2': {'x': x}, 'times_3': {'x': x}})
steps, size = int(sys.argv[4]), int(sys.argv[5])
jobs = []
if sys.argv[6] == "busy":
    work = lambda: busy.run({"x": np.ones((size, size), np.float32), "count": np.array([steps])})
    jobs = [threading.Thread(target=work) for _ in range(6)]
    for job in jobs:
        job.start()
    time.sleep(0.05)
"""
        + f"print({AFTER_USE[case]})\n"
        + """
for job in jobs:
    job.join()
print(check(runtime), len(pair.run({'times_2': {'x': x}, 'times_3': {'x': x}})))
"""
    )
    arguments = (models.scaled(2), models.scaled(3), path, slow.steps_for(path, 0.15), slow.X.shape[0], state)
    lines = output_of(run_python(script, *arguments, cwd=tmp_path)).splitlines()
    assert lines == ["HbmError True True", "True 2"]


INHERITED: dict[str, str] = {
    "result": "request.result()",
    "result with a time-out": "request.result(5)",
    "exception": "request.exception()",
    "wait": "request.wait(5)",
    "done": "request.done()",
    "status": "request.status",
    "info": "request.info",
    "cancel": "request.cancel()",
    "abandon": "request.abandon()",
    "await": "asyncio.run(awaited(request))",
    "await a future of it": "asyncio.run(gathered(request))",
    "add_done_callback": "request.add_done_callback(print)",
    "futures.wait": "concurrent.futures.wait([request])",
    "as_completed": "list(concurrent.futures.as_completed([request]))",
    "result of an ended one": "ended.result()",
    "bound run": "bound.run()",
    "bound run_async": "bound.run_async().result()",
    "bound status": "bound.status",
    "queue submit": "queue.submit(x)",
    "queue get": "queue.get()",
    "queue get with a time-out": "queue.get(5)",
    "queue iteration": "next(iter(queue))",
    "queue async iteration": "asyncio.run(iterated(queue))",
    "queue drain": "queue.drain()",
    "queue stats": "queue.stats",
    "run_async": "runtime.run_async(x)",
}


def test_every_wait_on_what_a_child_inherits_is_refused_at_once(models: ModelFactory, tmp_path: Path) -> None:
    """While threads of the parent take and give the locks that the child inherits."""
    script = (
        PRELUDE
        + """
import asyncio, concurrent.futures
from hbm_runtime import _core, testing
async def awaited(request): return await request
async def gathered(request): return await asyncio.gather(asyncio.wrap_future(request))
async def iterated(queue):
    async for item in queue: return item

runtime, busy = HB_HBMRuntime(sys.argv[1]), HB_HBMRuntime(sys.argv[2])
runtime.set_scheduling_params(bpu_cores={"times_2": [1]})
busy.set_scheduling_params(bpu_cores={"times_3": [0]})
bound, queue, waiting = runtime.bind("times_2"), runtime.queue("times_2"), busy.queue("times_3")
ended = runtime.run_async(x)
ended.result()
held = testing.faults("task:hang@1")
held.__enter__()
requests = [busy.run_async(x) for _ in range(6)]  # they do not end before the last child has
request = requests[-1]
while not _core.core_loads()[0]["running"]:
    time.sleep(0.001)
time.sleep(0.02)
threads = [threading.Thread(target=each.result) for each in requests]
stop = threading.Event()
def load():
    while not stop.is_set():
        queue.submit(x)
        queue.get()
threads.append(threading.Thread(target=load))
for thread in threads:
    thread.start()
"""
        + "".join(f"print(refused(lambda: {action}), {name!r})\n" for name, action in INHERITED.items())
        + """
print(in_child(lambda: [queue.close(), runtime.close(), repr(request).startswith("<InferRequest of")][2]), "close")
print(in_child(lambda: globals().pop("request") is not None and requests.clear() is None), "drop")
stop.set()
print(any(each.done() for each in requests), "ended")
held.__exit__(None, None, None)
for thread in threads:
    thread.join()
print(check(runtime), all(each.done() for each in requests), "parent")
"""
    )
    lines = output_of(run_python(script, models.scaled(2), models.scaled(3), cwd=tmp_path)).splitlines()
    assert lines == [
        *(f"HbmError True True {name}" for name in INHERITED),
        "True close",
        "True drop",
        "False ended",
        "True True parent",
    ]


ASKED = [
    "HB_HBMRuntime.version",
    "{**hbm_runtime.driver_info(), 'engine': ''}",  # which engine, depends on the models that are loaded
    *(f"hbm_runtime.{call}" for call in ("get_version()", "get_devices()[0].kind")),
]


@pytest.mark.parametrize("asked", ASKED)
def test_asking_which_driver_there_is_leaves_children_usable(models: ModelFactory, tmp_path: Path, asked: str) -> None:
    script = (
        PRELUDE
        + f"""
hbm_runtime.set_log_level("trace")  # lines come from a thread that the child does not have
before = {asked}
def works():
    runtime = HB_HBMRuntime(sys.argv[1])
    request, reported = runtime.run_async(x), threading.Event()
    request.add_done_callback(lambda _: reported.set())
    return check(runtime), float(request.result()["times_2"]["y"].sum()), reported.wait(10), {asked} == before
print(in_child(works))
print(in_child(works))
print(works())
print(refused(works))
"""
    )
    lines = output_of(run_python(script, models.scaled(2), cwd=tmp_path)).splitlines()
    assert lines == [*["(True, 12.0, True, True)"] * 3, "HbmError True True"]


HARMLESS: dict[str, str] = {
    "reading an output": "output.tolist() == [[2.0] * 3] * 2",
    "writing an output": "output.fill(7) or output.sum() == 42",
    "dropping an output": "globals().pop('output') is not None and gc.collect() >= 0",
    "dropping the runtime": "globals().pop('runtime') is not None and gc.collect() >= 0",
    "reading metadata": "runtime.input_shapes['times_2']['x'] == [2, 3]",
    "normal end of the interpreter": "sys.stdout.flush() or True",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_a_child_may_do(models: ModelFactory, tmp_path: Path, case: str) -> None:
    script = (
        PRELUDE
        + "runtime = HB_HBMRuntime(sys.argv[1])\noutput = runtime.run(x)['times_2']['y']\n"
        + f"print(in_child(lambda: {HARMLESS[case]}))\n"
        + "print(output.tolist() == [[2.0] * 3] * 2, check(runtime))\n"
    )
    assert output_of(run_python(script, models.scaled(2), cwd=tmp_path)).splitlines() == ["True", "True True"]


def test_a_child_ends_like_any_process_and_its_parent_goes_on(models: ModelFactory, tmp_path: Path) -> None:
    """The child leaves through the interpreter's own exit, with everything it inherited still alive."""
    script = (
        PRELUDE
        + """
runtime = HB_HBMRuntime(sys.argv[1])
output = runtime.run(x)["times_2"]["y"]
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    sys.exit(7)
deadline, ended = time.monotonic() + 20, (0, 0)
while ended == (0, 0) and time.monotonic() < deadline:
    time.sleep(0.005)
    ended = os.waitpid(pid, os.WNOHANG)
print(os.waitstatus_to_exitcode(ended[1]) if ended[0] else "hung")
print(check(runtime), output.sum())
"""
    )
    assert output_of(run_python(script, models.scaled(2), cwd=tmp_path)).split() == ["7", "True", "12.0"]


def test_a_fork_before_first_use_gives_two_independent_processes(models: ModelFactory, tmp_path: Path) -> None:
    script = (
        PRELUDE
        + """
print(in_child(lambda: check(HB_HBMRuntime(sys.argv[1]))))
print(check(HB_HBMRuntime(sys.argv[1])))
"""
    )
    assert output_of(run_python(script, models.scaled(2), cwd=tmp_path)).split() == ["True", "True"]


POOL = """
import sys, multiprocessing
import numpy as np
from hbm_runtime import HB_HBMRuntime, HbmError

def work(i):
    try:
        y = HB_HBMRuntime(sys.argv[1]).run(np.full((2, 3), i, np.float32))["times_2"]["y"]
        return float(y[0, 0])
    except HbmError as error:
        return type(error).__name__

if __name__ == "__main__":
    sys.modules["__main__"].__spec__ = None
    HB_HBMRuntime(sys.argv[1]).run(np.ones((2, 3), np.float32))
    with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
        print(pool.map(work, range(4)))
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_process_pools_that_do_not_fork_work(models: ModelFactory, tmp_path: Path, method: str) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    starter = f"import runpy, sys; sys.argv[0] = {str(script)!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    completed = run_python(starter, models.scaled(2), method, cwd=tmp_path)
    assert output_of(completed).strip() == "[0.0, 2.0, 4.0, 6.0]"
