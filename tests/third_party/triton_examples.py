"""Triton's own example programs against a server that calls itself ``triton`` and has the model ``simple``.

``PYTHONPATH=tests python -m third_party triton_examples FOLDER``, of which FOLDER is ``src/python/examples`` of a clone
of https://github.com/triton-inference-server/client. The programs are not part of this project. Those that want
streams, sequences, text, a GPU or a dozen models are left out: the server refuses the first four.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from support.serving import serving

PROGRAMS = (
    *(f"simple_{protocol}_{what}" for protocol in ("http", "grpc") for what in (
        "infer_client", "async_infer_client", "shm_client", "health_metadata", "aio_infer_client", "aio_shm_client",
        "aio_health_metadata",
    )),
    "simple_grpc_keepalive_client", "simple_grpc_custom_args_client", "simple_grpc_aio_keepalive_client",
    "reuse_infer_objects_client",
)  # fmt: skip


def simple() -> onnx.ModelProto:
    """Sum and difference of two INT32 tensors [1, 16]."""
    tensors = {
        name: helper.make_tensor_value_info(name, TensorProto.INT32, [1, 16])
        for name in ("INPUT0", "INPUT1", "OUTPUT0", "OUTPUT1")
    }
    nodes = [
        helper.make_node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
        helper.make_node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"]),
    ]
    inputs, outputs = [tensors["INPUT0"], tensors["INPUT1"]], [tensors["OUTPUT0"], tensors["OUTPUT1"]]
    graph = helper.make_graph(nodes, "simple", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main(folder: Path) -> int:
    """Runs those that the folder has; 0 if there are some, and all ended well."""
    programs = [folder / f"{name}.py" for name in PROGRAMS if (folder / f"{name}.py").exists()]
    if not programs:
        print(f"{folder} has none of the programs; it must be src/python/examples of Triton's clients")
        return 2
    failed = False
    with tempfile.TemporaryDirectory() as models:
        path = Path(models, "simple.onnx")
        onnx.save(simple(), str(path))
        with serving([path], server_name="triton") as server:
            for program in programs:
                failed |= not _ends_well(program, str(server.grpc if "grpc" in program.name else server.http))
    return int(failed)


def _ends_well(program: Path, url: str) -> bool:
    done = subprocess.run(
        [sys.executable, program, "-u", url], capture_output=True, text=True, timeout=120, check=False
    )
    end = (
        (done.stdout.strip().splitlines() or [""])[-1] if done.returncode == 0 else (done.stdout + done.stderr)[-1500:]
    )
    print(f"{program.stem} | exit code {done.returncode}: {end}", flush=True)
    return done.returncode == 0
