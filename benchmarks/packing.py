"""Packing a large model, and loading what came out, beside the engine's own way with the ONNX file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
from onnx import ModelProto, TensorProto, helper, numpy_helper

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.timing import best_of
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import pack

LAYERS = 13
SIDE = 1000

# Not ru_maxrss: a new program inherits the one of the process that started it.
PACK = """
import sys
from hbm_runtime.packer import pack
pack(sys.argv[1], sys.argv[2])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""
# What a process that loads a model adds to the memory of this machine while another one has it loaded already.
LOAD = """
import sys
from hbm_runtime import HB_HBMRuntime
def private():
    fields = dict(line.split(":") for line in open("/proc/self/smaps_rollup") if line.startswith("Private"))
    return sum(int(value.split()[0]) for value in fields.values())
HB_HBMRuntime(sys.argv[1])
before = private()
runtime = HB_HBMRuntime(sys.argv[2], save_memory=sys.argv[3] == "save")
print(private() - before)
"""


def matrices() -> ModelProto:
    """52 MB of matrix products."""
    random = np.random.default_rng(0)
    values = ["x", *(f"h{i}" for i in range(1, LAYERS)), "y"]
    nodes = [helper.make_node("MatMul", [values[i], f"w{i}"], [values[i + 1]]) for i in range(LAYERS)]
    constants = [
        numpy_helper.from_array((random.normal(size=(SIDE, SIDE)) / 30).astype(np.float32), f"w{i}")
        for i in range(LAYERS)
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIDE]) for name in "xy")
    graph = helper.make_graph(nodes, "matrices", [x], [y], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes; what it returns is let go of."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def copied(source: Path, target: Path) -> None:
    """What packing cannot do without: read, load into the engine, write."""
    proto = onnx.load(source)
    session(source)
    onnx.save(proto, target)


def session(path: Path) -> onnxruntime.InferenceSession:
    """ONNX Runtime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def output_of(script: str, *words: object) -> int:
    """The number that a script prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script, *map(str, words)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> None:
    """Reports time and memory of packing, time of loading, and what a second process adds."""
    original = models.written("matrices", matrices)
    packed, copy = models.FOLDER / "matrices.hbm", models.FOLDER / "matrices_copy.onnx"
    size = original.stat().st_size
    times = best_of(
        {
            "pack": lambda: seconds(lambda: pack(original, packed)),
            "copy": lambda: seconds(lambda: copied(original, copy)),
            "load packed": lambda: seconds(lambda: HB_HBMRuntime(str(packed))),
            "load original": lambda: seconds(lambda: session(original)),
        }
    )
    Figure("packing 52 MB, in reading, loading and writing them", times["pack"] / times["copy"], 3, "x").report()
    Figure("packing 52 MB", times["pack"], 20, "s", detail=times).report()
    Figure(
        "loading packed, in loading ONNX in the engine", times["load packed"] / times["load original"], 1, "x"
    ).report()
    peak = output_of(PACK, original, packed) * 1024
    value = peak / (4 * size + 250e6)
    Figure("peak memory of packing, in four files and 250 MB", value, 1, "x", detail={"peak": peak}).report()

    small = models.written("identity", models.identity)
    loaded = {}
    for mode in ("default", "save"):
        runtime = HB_HBMRuntime(str(packed), save_memory=mode == "save")
        loaded[mode] = output_of(LOAD, small, packed, mode) * 1024 / size
        del runtime
    Figure("memory of a second process, in the weights", loaded["default"], 1.2, "x", detail=loaded).report()
    Figure("the same with save_memory, which maps them", loaded["save"], 0.1, "x", detail=loaded).report()


if __name__ == "__main__":
    main()
