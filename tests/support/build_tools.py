"""Runs CMake, compilers and what they made."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path


def run(*command: str | Path, **environment: str) -> str:
    """Runs a program with the tools of this Python's venv at hand; returns what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [str(word) for word in command],
        check=False,
        env={**os.environ, "PATH": path, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=280,
    )
    assert result.returncode == 0, f"{' '.join(str(word) for word in command)}\n{result.stdout}"
    return result.stdout


def engine() -> str:
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return str(next(Path(spec.submodule_search_locations[0]).glob("capi/libonnxruntime.so.*")))
