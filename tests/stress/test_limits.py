"""Threads and files that are made when they are first needed, in a process that may have no more of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.child import output_of, run_python
from support.model_factory import ModelFactory

PRELUDE = """
import asyncio, os, resource, sys, threading
import numpy as np
import hbm_runtime
from hbm_runtime import HB_HBMRuntime, HbmError

for public in hbm_runtime.__all__:
    getattr(hbm_runtime, public)  # loaded now: the other user may not read where Python lies
X = np.arange(6, dtype=np.float32).reshape(2, 3)
path, other, what, which, left = sys.argv[1:]
runtime, both = HB_HBMRuntime(path), HB_HBMRuntime([path, other])
name = runtime.model_names[0]

def queue():
    items = runtime.queue(name)
    items.submit(X)
    assert items.drain(20)
    return items.get(20).outputs

def callback():
    called = threading.Event()
    request = runtime.run_async(X)
    request.add_done_callback(lambda _: called.set())
    request.result(20)
    assert called.wait(20)

def timeout():
    runtime.run_async(X, timeout=20).result(20)

def two_models():
    both.run({model: {"x": X} for model in both.model_names})

def awaited():
    async def main():
        await runtime.run_async(X)
    asyncio.run(main())

def profile():
    with runtime.profile() as profile:
        runtime.run(X)
    profile.save("trace.json")

call = globals()[what]
if which == "RLIMIT_NPROC":
    os.setgroups([]); os.setgid(54321); os.setuid(54321)  # root has no such limit; this user has only these threads
    used = len(os.listdir("/proc/self/task"))
else:
    used = len(os.listdir("/proc/self/fd")) - 1
kind = getattr(resource, which)
before = resource.getrlimit(kind)
resource.setrlimit(kind, (used + int(left), before[1]))
try:
    call()
    said = "works"
except (HbmError, OSError, MemoryError):
    said = "typed"
except BaseException as error:
    said = repr(error)
resource.setrlimit(kind, before)
call()
print(said)
"""


@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize("what", ["queue", "callback", "timeout", "two_models", "awaited"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who has no other threads")
def test_no_more_threads(models: ModelFactory, tmp_path: Path, what: str, left: int) -> None:
    check(models, tmp_path, what, "RLIMIT_NPROC", left)


@pytest.mark.parametrize("left", [0, 1, 2, 3])
@pytest.mark.parametrize("what", ["queue", "callback", "timeout", "two_models", "awaited", "profile"])
def test_no_more_files(models: ModelFactory, tmp_path: Path, what: str, left: int) -> None:
    check(models, tmp_path, what, "RLIMIT_NOFILE", left)


def check(models: ModelFactory, tmp_path: Path, what: str, which: str, left: int) -> None:
    """Calls it once under the limit, which has to be answered by a typed error at most, and once more without it."""
    done = run_python(PRELUDE, models.scaled(2), models.scaled(3), what, which, left, cwd=tmp_path)
    assert output_of(done).split()[-1] in {"works", "typed"}
