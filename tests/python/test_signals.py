"""Signals are for the program's own threads: those that the package starts block them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from support.child import run_python

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

EVERYTHING = """
import os, signal, sys, threading
import numpy

def tasks():
    return {int(each) for each in os.listdir("/proc/self/task")}

before = tasks()  # numpy's pool among them
import hbm_runtime
from hbm_runtime._observing.measuring import Calls, Measurement, Plan
from hbm_runtime.packer.engine import Session
from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import Settings

first, second = sys.argv[1:]
x = numpy.ones((2, 3), numpy.float32)
runtime = hbm_runtime.HB_HBMRuntime([first, second], threads=2)
names = runtime.model_names
runtime.run({name: {"x": x} for name in names})
done = threading.Event()
request = runtime.run_async(x, names[0])
request.add_done_callback(lambda _: done.set())
runtime.run_async(x, names[0], timeout=60).result(60)
assert done.wait(60)
queue = runtime.queue(names[0])
assert queue.submit({"x": x}) and queue.get(60) is not None
engine = Session(first, threads=2)

release = threading.Event()
measurement = Measurement(Calls(run=lambda _: release.wait(60)), [None], Plan(repeat=2, threads=2))
measure = threading.Thread(target=measurement.run, name="test", daemon=True)
before.add(0)
measure.start()

server = Server(Settings(files=[first], http="127.0.0.1:0", grpc="127.0.0.1:0"))
remotes = [hbm_runtime.connect(url) for url in (f"http://{server.http}", f"grpc://{server.grpc}")]
for remote in remotes:
    remote.run(x)
    remote.run_async(x).result(60)

signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM, signal.SIGRTMIN]
wanted = sum(1 << (number - 1) for number in signals)
crashes = sum(1 << (number - 1) for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGABRT))
seen = set()
for task in sorted(tasks() - before):
    if task == measure.native_id:
        continue
    try:
        lines = open(f"/proc/self/task/{task}/status").readlines()
    except (FileNotFoundError, ProcessLookupError):
        continue  # it has ended meanwhile
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    blocked, name = int(status["SigBlk"], 16), status["Name"].strip()
    seen.add(name)
    if blocked & wanted != wanted or blocked & crashes:
        print(f"{name}: {blocked:016x}")
print(sorted(seen), file=sys.stderr)
for name in ("hbm-model", "hbm-completion", "hbm-timer", "hbm-python", "bpusim-core0"):
    if name not in seen:
        print("missing", name)
assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
release.set()
"""


def test_no_thread_of_the_package_takes_signals(models: ModelFactory, tmp_path: Path) -> None:
    done = run_python(EVERYTHING, models.scaled(2), models.scaled(3), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
