"""The C++ library, by a program of ``build/native`` that reads and writes tensors in the simplest of formats."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from support.build_tools import engine
from support.dtypes import NUMPY_OF, VALUE_OF, Array

PROBE = Path(__file__).resolve().parents[2] / "build" / "native" / "tests" / "differential" / "differential_probe"


def run_probe(model: Path, inputs: Mapping[str, Array], folder: Path) -> list[Array]:
    """The model's outputs, in its order."""
    source, target = folder / "probe.in", folder / "probe.out"
    source.write_bytes(b"".join(_packed(array) for array in inputs.values()))
    environment = {"BPUSIM_ENGINE_PATH": engine(), "HBM_RUNTIME_DRIVER": str(PROBE.parents[2] / "bpusim")}
    done = subprocess.run(
        [PROBE, model, source, target],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr.strip()}"
    return _unpacked(target.read_bytes())


def _packed(array: Array) -> bytes:
    """Type, rank, sizes, elements."""
    name = next(name for name, numpy in NUMPY_OF.items() if numpy == array.dtype)
    return struct.pack(f"<qq{array.ndim}q", VALUE_OF[name], array.ndim, *array.shape) + array.tobytes()


def _unpacked(data: bytes) -> list[Array]:
    kinds = {VALUE_OF[name]: numpy for name, numpy in NUMPY_OF.items()}
    arrays, at = [], 0
    while at < len(data):
        kind, rank = struct.unpack_from("<qq", data, at)
        shape = struct.unpack_from(f"<{rank}q", data, at + 16)
        at += 16 + 8 * rank
        array: Array = np.frombuffer(data, kinds[kind], int(np.prod(shape, dtype=np.int64)), at).reshape(shape)
        arrays.append(array)
        at += array.nbytes
    return arrays
