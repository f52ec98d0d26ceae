"""The end of the interpreter: clean and soon, whatever is alive or under way."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support import slow
from support.child import output_of, run_python
from support.model_factory import ModelFactory

PRELUDE = """
import atexit, os, sys, threading, time
import numpy as np
from hbm_runtime import HB_HBMRuntime
path, steps, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = np.ones((size, size), np.float32)
runtime = HB_HBMRuntime(path)
def go(name="slow"):
    return runtime.run({"x": x, "count": np.array([steps])}, model_name=name)
def begin(count):
    return [runtime.run_async({"x": x, "count": np.array([steps])}, "slow") for _ in range(count)]
def background(count):
    for _ in range(count):
        threading.Thread(target=go, daemon=True).start()
    time.sleep(0.1)
def leaving():
    sys.stdout.write(str(time.time()))
    sys.stdout.flush()
atexit.register(leaving)
"""

ENDINGS: dict[str, tuple[str, int]] = {
    "one run in flight": ("background(1)", 0),
    "many runs in flight and queued": ("background(64)", 0),
    "64 requests in flight": ("requests = begin(64)", 0),
    "64 requests dropped": ("begin(64)", 0),
    "requests with callbacks": ("[r.add_done_callback(lambda r: r.result()) for r in begin(8)]", 0),
    "a thread that waits for a request": (
        "r, = begin(1)\nthreading.Thread(target=r.result, daemon=True).start()\ntime.sleep(0.1)",
        0,
    ),
    "a bound run in flight": (
        "b = runtime.bind('slow', inputs={'x': x, 'count': np.array([steps])})\nr = b.run_async()",
        0,
    ),
    "a queue with items": (
        "q = runtime.queue('slow', on_result=print)\n"
        "for _ in range(3): q.submit({'x': x, 'count': np.array([steps])})\ntime.sleep(0.1)",
        0,
    ),
    "an event loop that ends with requests in flight": (
        "import asyncio\nasync def main():\n    asyncio.ensure_future(asyncio.wrap_future(begin(1)[0]))\n"
        "    await asyncio.sleep(0.1)\nasyncio.run(main())",
        0,
    ),
    "sys.exit with runs in flight": ("background(4)\nsys.exit(3)", 3),
    "an exception with runs in flight": ("background(4)\nraise LookupError", 1),
    "the runtime dropped with runs in flight": ("background(4)\ndel runtime", 0),
    "everything alive in globals": ("y = runtime.run({'x': x, 'count': np.array([1])})", 0),
    "an output alive alone": ("y = runtime.run({'x': x, 'count': np.array([1])})['slow']['y']\ndel runtime", 0),
    "an output in a reference cycle": (
        "y = [runtime.run({'x': x, 'count': np.array([1])}), runtime]\ny.append(y)\ndel runtime",
        0,
    ),
    "outputs held by an exit handler": (
        "y = runtime.run({'x': x, 'count': np.array([1])})\natexit.register(lambda: y['slow']['y'].sum())",
        0,
    ),
    "a run inside an exit handler": (
        "atexit.register(lambda: runtime.run({'x': x, 'count': np.array([1])})['slow']['y'].sum())",
        0,
    ),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_the_interpreter_ends_soon_and_clean(models: ModelFactory, tmp_path: Path, case: str) -> None:
    lines, status = ENDINGS[case]
    path = models.slow()
    arguments = (path, slow.steps_for(path, 6.0), slow.X.shape[0])
    completed = run_python(PRELUDE + lines, *arguments, cwd=tmp_path, timeout=60, fresh=True)
    ended = time.time()
    assert completed.returncode == status, completed.stderr
    assert ended - float(completed.stdout) < 1.0 + 2.0, "1 s is the promise, the rest is for busy machines"
    for word in ("terminate", "abort", "Fatal", "Segmentation"):
        assert word not in completed.stderr
    if status == 0:
        assert completed.stderr == ""


JOINING = """
import atexit, sys, threading, time
stop, workers = threading.Event(), []
@atexit.register
def leave():
    stop.set()
    for worker in workers:
        worker.join(20)
    print([worker.is_alive() for worker in workers], flush=True)
import numpy as np
from hbm_runtime import HB_HBMRuntime
runtime = HB_HBMRuntime(sys.argv[1])
def work():
    while not stop.is_set():
        runtime.run(np.ones((2, 3), np.float32))
        runtime.run_async(np.ones((2, 3), np.float32)).result()
for _ in range(3):
    workers.append(threading.Thread(target=work, daemon=True))
    workers[-1].start()
time.sleep(0.1)
"""


def test_exit_handlers_of_others_may_wait_for_threads_that_run_models(models: ModelFactory, tmp_path: Path) -> None:
    """Registered before this package was imported, such a handler is called after everything of this package."""
    completed = run_python(JOINING, models.scaled(2), cwd=tmp_path, timeout=90, fresh=True)
    assert output_of(completed).strip() == "[False, False, False]"


def test_a_loaded_model_and_nothing_else(models: ModelFactory, tmp_path: Path) -> None:
    script = "import sys\nfrom hbm_runtime import HB_HBMRuntime\nr = HB_HBMRuntime(sys.argv[1])\nprint(r.model_count)"
    completed = run_python(script, models.scaled(2), cwd=tmp_path, fresh=True)
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "1\n", "")
