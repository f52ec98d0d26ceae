"""Tries the driver in a process of its own: a library that crashes must not take the diagnosis with it.

``python -m hbm_runtime.cli.diagnosis.probe driver [CHOICE]`` loads the driver and runs a model of a few bytes where the
driver takes one; ``… probe library FILE…`` opens shared libraries. Both print one JSON object.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

from hbm_runtime import HB_HBMRuntime, HbmError, driver_info, load_driver

_SECONDS = 60

# An ONNX graph with one node: y = x + x on four floats.
_DOUBLING = (
    b'\x08\x07::\n\x0e\n\x01x\n\x01x\x12\x01y"\x03Add\x12\x06doctorZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08'
    b"\x04b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x04B\x04\n\x00\x10\r"
)


def probe_driver(choice: str) -> dict[str, Any]:
    """Loads the driver in another process; returns what it says, or {"error": …}."""
    return _ask("driver", choice)


def probe_libraries(files: list[str]) -> dict[str, Any]:
    """Opens libraries in another process; returns {"error": …} for the first that cannot be opened, else {}."""
    return _ask("library", *files)


def _ask(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", __spec__.name, *words]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"it does not come back within {_SECONDS} seconds"}
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        how = f"died of signal {-done.returncode}" if done.returncode < 0 else f"ended with {done.returncode}"
        return {"error": f"the process that loaded it {how}: {done.stderr.strip()[-500:] or 'without a word'}"}
    return dict(answer)


def _driver(choice: str) -> dict[str, Any]:
    try:
        if choice:
            load_driver(choice)
        answer: dict[str, Any] = {"info": driver_info()}
    except HbmError as error:
        return {"error": str(error)}
    if answer["info"]["kind"] == "bpusim":
        try:
            begin = time.perf_counter()
            runtime = HB_HBMRuntime(bytearray(_DOUBLING))
            result = runtime.run(np.arange(4, dtype=np.float32))["doctor"]["y"]
            answer["run_ms"] = (time.perf_counter() - begin) * 1e3
            if result.tolist() != [0, 2, 4, 6]:
                answer["run_error"] = f"the test model computes {result.tolist()} instead of [0, 2, 4, 6]"
        except HbmError as error:
            answer["run_error"] = str(error)
        answer["engine_path"] = _loaded_library("onnxruntime")
    return answer


def _library(files: list[str]) -> dict[str, Any]:
    try:
        for file in files:
            ctypes.CDLL(file, os.RTLD_NOW | os.RTLD_LOCAL)
    except OSError as error:
        return {"error": str(error)}
    return {}


def _loaded_library(part: str) -> str | None:
    """The path of a library of this process whose file name has that part."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            path = line.split(maxsplit=5)[-1].strip()
            if path.startswith("/") and part in path.rsplit("/", 1)[-1]:
                return path
    return None


if __name__ == "__main__":
    print(json.dumps(_driver(sys.argv[2]) if sys.argv[1] == "driver" else _library(sys.argv[2:])))
