"""fork() amid inferences with several threads: the engine's, those of overlapping ones, guests of cores."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from support.child import output_of, run_python
from support.model_factory import ModelFactory

PROGRAM = """
import os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from hbm_runtime import HB_HBMRuntime, HbmError

small, large = HB_HBMRuntime(sys.argv[1]), HB_HBMRuntime(sys.argv[2])
x = np.ones((2, 3), np.float32)
image = np.random.default_rng(0).normal(size=(64, 512)).astype(np.float32)
expected = large.run(image)["wide"]["y"].tobytes()
stop = threading.Event()

def right():
    return large.run(image)["wide"]["y"].tobytes() == expected and small.run(x)["times_2"]["y"].sum() == 12

def caller():
    answers = [right()]
    while not stop.is_set():
        answers.append(right())
    return all(answers)

def ending(pid):
    "How the child has ended, within 20 s."
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, 9)
    return "hung"

with ThreadPoolExecutor(3) as pool:
    callers = [pool.submit(caller) for _ in range(3)]
    endings = set()
    for _ in range(12):
        time.sleep(0.01)
        pid = os.fork()
        if pid == 0:
            try:
                large.run(image)
            except HbmError as error:
                sys.exit(7 if "fork" in str(error) else 8)
            sys.exit(9)
        endings.add(ending(pid))
    stop.set()
    print(endings, all(each.result() for each in callers), right())
"""


def wide(folder: Path) -> Path:
    """A model with enough to do for several threads."""
    weights = numpy_helper.from_array(np.random.default_rng(1).normal(0, 0.05, (512, 512)).astype(np.float32), "w")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [64, 512]) for name in "xy")
    names = ["x", "a", "b", "c", "y"]
    nodes = [helper.make_node("MatMul", [one, "w"], [other]) for one, other in pairwise(names)]
    graph = helper.make_graph(nodes, "wide", [x], [y], [weights])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "wide.onnx")
    return folder / "wide.onnx"


def test_children_are_refused_and_end_as_usual_and_the_parent_computes_on(models: ModelFactory, tmp_path: Path) -> None:
    ended = run_python(PROGRAM, models.scaled(2), wide(tmp_path), cwd=tmp_path, environment={"BPUSIM_THREADS": None})
    assert output_of(ended).split() == ["{7}", "True", "True"]
