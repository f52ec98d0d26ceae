"""Packing large models stays within its limits of memory and time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from .small_models import model

SCRIPT = """
import resource, sys
from hbm_runtime.packer import DataType, ModelOptions, Quantise, pack
import numpy as np
pack(sys.argv[1], sys.argv[2], ModelOptions(
    outputs={"y": Quantise(DataType.S8)}, samples=[{"x": np.ones((1, 1000), np.float32)}]))
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_fifty_megabytes_need_less_than_four_times_the_file_and_250_mb(tmp_path: Path) -> None:
    layers = 13
    random = np.random.default_rng(0)
    values = ["x", *(f"h{i}" for i in range(1, layers)), "y"]
    nodes = [helper.make_node("MatMul", [values[i], f"w{i}"], [values[i + 1]]) for i in range(layers)]
    constants = {f"w{i}": (random.normal(size=(1000, 1000)) / 30).astype(np.float32) for i in range(layers)}
    shape = (1, 1000)
    onnx.save(
        model(nodes, [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)], constants),
        tmp_path / "net.onnx",
    )
    size = (tmp_path / "net.onnx").stat().st_size
    assert size > 50e6
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "net.onnx"), str(tmp_path / "net.hbm")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    peak = int(re.findall(r"peak (\d+)", done.stdout)[0]) * 1024
    assert peak < 4 * size + 250e6
    assert size * 0.99 < (tmp_path / "net.hbm").stat().st_size < size * 1.01
