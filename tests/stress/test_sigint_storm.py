"""Ctrl-C again and again while event loops run: nothing hangs, nothing is left, and the next loop works."""

from __future__ import annotations

from support.child import output_of, run_python
from support.model_factory import ModelFactory

STORM = """
import asyncio, gc, os, random, signal, sys, threading, time
import numpy as np
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.testing import faults, live

X = np.arange(6, dtype=np.float32).reshape(2, 3)
runtime = HB_HBMRuntime(sys.argv[1:])
both = {name: {"x": X} for name in runtime.model_names}

async def main():
    late = asyncio.wait_for(runtime.run_async(X, "times_2"), 0.001)
    requests = runtime.run_async(both), late, runtime.run_async(X, "times_3")
    results = await asyncio.gather(*requests, return_exceptions=True)
    for result in (results[0], results[2]):
        if isinstance(result, BaseException):
            raise result
        for name, outputs in result.items():
            assert np.array_equal(outputs["y"], float(name[6:]) * X), name

def once():
    with faults("task:delay=1ms"):
        asyncio.run(main())

def sizes():
    gc.collect()
    return live().tasks, len(os.listdir("/proc/self/fd")), threading.active_count()

once()
asyncio.run(main())
held = sizes()
over = threading.Event()
loops = interrupts = 0

def storm():
    chance = random.Random(7)
    for _ in range(600):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(chance.choice((0.0001, 0.0005, 0.002, 0.006)))
    over.set()

thread = threading.Thread(target=storm)
while not over.is_set():
    try:
        while not over.is_set():
            try:
                if not thread.ident:
                    thread.start()
                once()
                loops += 1
            except KeyboardInterrupt:
                interrupts += 1
    except KeyboardInterrupt:
        interrupts += 1
thread.join()
# asyncio.run() that is interrupted while it sets its handler leaves it there, and with it its task and its loop.
signal.signal(signal.SIGINT, signal.default_int_handler)
with faults("task:delay=0ms"):
    asyncio.run(main())
end = time.monotonic() + 20
while (now := sizes()) != held and time.monotonic() < end:
    time.sleep(0.01)
del runtime
while live().allocations and time.monotonic() < end:
    gc.collect()
print(interrupts > 20, now == held or (held, now), live().allocations)
"""


def test_ctrl_c_in_event_loops_leaves_nothing(models: ModelFactory) -> None:
    printed = output_of(run_python(STORM, models.scaled(2), models.scaled(3), cwd=models.directory, timeout=120))
    assert printed.split("\n")[0] == "True True 0"
