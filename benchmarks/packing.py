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
from hbm_runtime.packer import ModelOptions, pack

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
# CPU seconds of loading, and by how much resident memory grows: at its peak, and afterwards. A small model first: the
# engine itself takes memory once.
PEAK = """
import sys, time
how, path, small = sys.argv[1:]
def resident(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))
if how == "own":
    from hbm_runtime import HB_HBMRuntime as load
else:
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    load = lambda path: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
first = load(small)
before, begin = resident("VmRSS:"), time.process_time()
model = load(path)
print(time.process_time() - begin, resident("VmHWM:") - before, resident("VmRSS:") - before)
"""


def matrices(layers: int = LAYERS, side: int = SIDE) -> ModelProto:
    """Matrix products, 52 MB of them by default."""
    random = np.random.default_rng(0)
    values = ["x", *(f"h{i}" for i in range(1, layers)), "y"]
    nodes = [helper.make_node("MatMul", [values[i], f"w{i}"], [values[i + 1]]) for i in range(layers)]
    constants = [
        numpy_helper.from_array((random.normal(size=(side, side)) / 30).astype(np.float32), f"w{i}")
        for i in range(layers)
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, side]) for name in "xy")
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
    return int(words_of(script, *words))


def words_of(script: str, *words: object) -> str:
    """What a script prints in a process of its own."""
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def chain(length: int) -> ModelProto:
    """Nodes one behind the other: a step of quantisation and back each, with constants of their own."""
    nodes, constants, value = [], [], "x"
    for i in range(length // 2):
        names = [f"s{i}", f"z{i}"]
        values = np.full((), 0.05, np.float32), np.full((), 3, np.int8)
        constants += [numpy_helper.from_array(np.asarray(each), name) for each, name in zip(values, names, strict=True)]
        nodes.append(helper.make_node("QuantizeLinear", [value, *names], [f"q{i}"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"q{i}", *names], [f"d{i}"]))
        value = f"d{i}"
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in ("x", value))
    graph = helper.make_graph(nodes, "chain", [x], [y], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def many_nodes() -> None:
    """Reports how the time of packing grows with the number of nodes."""
    target, options = models.FOLDER / "chain.hbm", ModelOptions(check_operators=False)
    files = {length: models.written(f"chain_{length}", lambda length=length: chain(length)) for length in (5000, 10000)}  # type: ignore[misc]
    times = best_of(
        {str(length): lambda path=path: seconds(lambda: pack(path, target, options)) for length, path in files.items()}  # type: ignore[misc]
    )
    ratio = times["10000"] / times["5000"]
    Figure("packing 10,000 nodes, in packing 5,000", ratio, 3, "x", detail=times).report()


def loading() -> None:
    """Reports time and peak memory of loading, beside ONNX Runtime with the same weights."""
    small = models.written("identity", models.identity)
    for name, layers, side in (("52 MB", LAYERS, SIDE), ("1 GB", 15, 4096)):
        original = models.written(f"matrices_{layers}_{side}", lambda layers=layers, side=side: matrices(layers, side))  # type: ignore[misc]
        packed = original.with_suffix(".hbm")
        if not packed.exists() or packed.stat().st_mtime < original.stat().st_mtime:
            pack(original, packed)
        cases = {"ONNX Runtime": ("engine", original), ".onnx": ("own", original), ".hbm": ("own", packed)}
        measured: dict[str, list[list[float]]] = {case: [] for case in cases}
        for _ in range(3):
            for case, (how, path) in cases.items():
                measured[case].append([float(word) for word in words_of(PEAK, how, path, small).split()])
        best = {case: [min(column) for column in zip(*rows, strict=True)] for case, rows in measured.items()}
        for case in (".onnx", ".hbm"):
            for at, what, bound in ((0, "time", 1.1), (1, "peak memory", 1.05), (2, "memory afterwards", 1.05)):
                own, engine = best[case][at], best["ONNX Runtime"][at]
                # The engine reads the ONNX file itself; what is checked of it before is read out of a mapping.
                gate = (case, what) != (".onnx", "peak memory")
                title = f"loading {name} from {case}: {what}, in ONNX Runtime's"
                Figure(title, own / engine, bound, "x", gate=gate, detail={"own": own, "engine": engine}).report()


def main() -> None:
    """Reports time and memory of packing, time of loading, and what a second process adds."""
    many_nodes()
    loading()
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
