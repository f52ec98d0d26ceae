"""Type checkers report the mistakes that users make, and nothing else: both read the same good and bad lines."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, SchedParam, Shape

x: NDArray[np.float32] = np.ones((1, 3), np.float32)
rt = HB_HBMRuntime("model.hbm")
inputs = {"a": np.ones((1, 3), np.float32), "b": np.ones(4, np.int32)}
nested = {"m": {"x": x}, "n": {"x": x}}
anything: dict[str, Any] = {"x": x}
names = {"x": "a"}


def picture() -> NDArray[np.float32]:
    return np.ones((1, 3), np.float32)


def mask() -> NDArray[np.int8]:
    return np.ones(3, np.int8)


rt.run(x)
rt.run(memoryview(bytearray(12)))
rt.run(inputs)
rt.run({"x": x, "y": np.ones(3, np.uint8)}, "m", {"m": 3})
rt.run(nested, priority={"m": 255, "n": 0}, bpu_cores={"m": [0], "n": (0, 1)}, custom_id={"m": time.time_ns()})
rt.run(anything, timeout=5, deadline=time.monotonic() + 1, outputs={"y": x}, output_names=("y", "z"))
unlike = {"a": picture(), "b": mask()}
rt.run(unlike)
rt.run({"m": unlike, "n": {"x": x}})
rt.run(input_tensors={"x": x}, outputs={"m": {"y": x}})
rt.run(multi_input_tensors={"m": {"x": x}, "n": unlike})
rt.run("image.jpg")  # mistake
rt.run({"x": "a"})  # mistake
rt.run({"x": None})  # mistake
rt.run({"x": [x, x]})  # mistake
rt.run({"m": {"x": "a"}})  # mistake
rt.run(names)  # mistake
rt.run(input_tensors={"x": "a"})  # mistake
rt.run(multi_input_tensors={"m": {"x": "a"}})  # mistake
rt.run(x, outputs={"y": "a"})  # mistake
rt.run_async({"x": "a"})  # mistake
rt["m"].run({"x": "a"})  # mistake
rt.bind("m", inputs={"x": "a"})  # mistake
rt.run([x, x])  # mistake
rt.run(None)  # mistake
rt.run(Path("image.jpg"))  # mistake
rt.run(3.5)  # mistake
rt.run(x, priority=5)  # mistake
rt.run(x, priority={"m": "high"})  # mistake
rt.run(x, timeout="5s")  # mistake
rt.run(x, bpu_cores={"m": 0})  # mistake
rt.run(x, bpu_cores=[0])  # mistake
rt.run(x, time_out=5)  # mistake
rt.run(x, output_names=3)  # mistake
rt.run_async("image.jpg")  # mistake
rt.run_async(x, priority=5)  # mistake
rt.run_async(x).result("soon")  # mistake
rt.set_scheduling_params({"m": 3}, {"m": [0, 1]})
rt.set_scheduling_params(priority=5)  # mistake
rt.set_scheduling_params(bpu_cores={"m": 0})  # mistake
rt.set_scheduling_params(prio={"m": 5})  # mistake
print(rt.sched_params["m"].priority > 3)
print(rt.sched_params["m"].bpu_cores[0] + 1)
chosen = SchedParam(priority=3, bpu_cores=[0])
chosen.priority = {"m": 4}
rt.set_scheduling_params(priority=chosen.priority)
chosen.priority = "high"  # mistake
SchedParam(priority="high")  # mistake
SchedParam(prio=3)  # mistake
rt.benchmark([inputs, inputs], repeat=10, priority={"m": 3})
rt.benchmark(x, priority=3)  # mistake
rt.benchmark(x, repeats=3)  # mistake
rt.bind("m", inputs=x).run(timeout=1.0)
rt.bind("m").inputs["x"] = x  # mistake
rt.bind()  # mistake
rt.queue("m", policy="latest", on_result=print)
rt.queue("m", policy="newest")  # mistake
rt["m"].run([x, x], priority={"m": 3})["y"].shape
rt["m"].run_async(x).result()["y"].shape
rt["m"].run("image.jpg")  # mistake
rt.run_async(x).result()["m"]["y"].shape
Shape(1, 3, 224, 224), Shape([1, 3]), Shape(1, names=["N"])
Shape("1x3")  # mistake
far = hbm_runtime.connect("http://127.0.0.1:8000")
far.run({"x": x}, "m", {"m": 3}, timeout=1.0, idempotent=True)
far.run(unlike)
far.run("image.jpg")  # mistake
far.run({"x": "a"})  # mistake
far.run(x, priority=5)  # mistake
far.run(x, "m", 5)  # mistake
far.run(x, time_out=5)  # mistake
far.run(x, timeout="5s")  # mistake
far.run_async(x, bpu_cores={"m": 0})  # mistake
far["m"].run([x, x], priority={"m": 3})["y"].shape
far["m"].run("image.jpg")  # mistake
far["m"].run(x, priority=5)  # mistake
far["m"].run_async(x, time_out=5)  # mistake
HB_HBMRuntime("model.hbm", thread=2)  # mistake
hbm_runtime.load_driver(3)  # mistake
"""

MARKED = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# mistake")}

CONFIGURATION = {"typeCheckingMode": "standard", "reportUnusedExpression": "none", "pythonVersion": "3.10"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(CONFIGURATION), encoding="utf-8")
    return tmp_path / "program.py"


def test_mypy_reports_the_mistakes(program: Path) -> None:
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", program.name]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, timeout=280, check=False)
    found = re.findall(r"^program\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    check({int(line): text for line, text in found})


def test_pyright_reports_the_mistakes(program: Path) -> None:
    if importlib.util.find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed")
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, timeout=280, check=False)
    entries = json.loads(done.stdout)["generalDiagnostics"]
    errors = [entry for entry in entries if entry["severity"] == "error" and entry["file"].endswith("program.py")]
    check({entry["range"]["start"]["line"] + 1: entry["message"] for entry in errors})


def check(found: dict[int, str]) -> None:
    lines = PROGRAM.splitlines()
    missed = [lines[number - 1] for number in sorted(MARKED - found.keys())]
    wrong = [f"{lines[number - 1]}: {found[number]}" for number in sorted(found.keys() - MARKED)]
    assert (missed, wrong) == ([], [])
