"""The same model gives the same file, wherever it comes from and whatever interrupts the work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import (
    DataType,
    FeatureInput,
    ModelOptions,
    PackError,
    Quantise,
    build_model,
    pack,
)

from .small_models import image_model, model, reference

F32 = TensorProto.FLOAT


def identity(shape: tuple[int | str, ...], kind: int = F32, name: str = "x") -> onnx.ModelProto:
    return model([helper.make_node("Identity", [name], ["y"])], [(name, kind, shape)], [("y", kind, shape)])


def test_sources_are_files_bytes_and_models(tmp_path: Path) -> None:
    proto = image_model()
    onnx.save(proto, tmp_path / "net.onnx")
    external = tmp_path / "external"
    external.mkdir()
    onnx.save(image_model(), external / "net.onnx", save_as_external_data=True, size_threshold=0)
    sources = (
        tmp_path / "net.onnx",
        str(tmp_path / "net.onnx"),
        proto,
        proto.SerializeToString(),
    )
    built = [build_model(source, ModelOptions(name="m")) for source in sources]
    assert all(one == built[0] for one in built)
    apart = build_model(external / "net.onnx", ModelOptions(name="m"))
    assert (apart.inputs, apart.outputs, apart.operations) == (built[0].inputs, built[0].outputs, built[0].operations)
    assert build_model(tmp_path / "net.onnx").name == "net"
    assert build_model(proto).name == "small"


def test_a_model_in_memory_must_bring_its_values(tmp_path: Path) -> None:
    onnx.save(image_model(), tmp_path / "net.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(PackError, match=r"the values of 'w' lie in '.*another file; give the path of the model"):
        build_model((tmp_path / "net.onnx").read_bytes())


@pytest.mark.no_sanitizer
def test_the_same_input_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    onnx.save(image_model(), tmp_path / "net.onnx")
    script = (
        "import sys; from hbm_runtime.packer import *\n"
        "pack(sys.argv[1], sys.argv[2], ModelOptions(inputs={'data': ImageInput(ImageType.NV12, ImageType.RGB)}))"
    )
    for name, seed in (("1.hbm", "1"), ("2.hbm", "2")):
        command = [sys.executable, "-c", script, str(tmp_path / "net.onnx"), str(tmp_path / name)]
        subprocess.run(command, check=True, timeout=120, env={"PYTHONHASHSEED": seed, "PATH": ""})
    assert (tmp_path / "1.hbm").read_bytes() == (tmp_path / "2.hbm").read_bytes()


INTERRUPTED = """
import os, signal, sys, types

class Interrupted(types.ModuleType):
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime.capi":
            os.kill(os.getpid(), signal.SIGINT)  # in the middle of the engine's import

from hbm_runtime.packer import DataType, ModelOptions, Quantise, build_model
sys.meta_path.insert(0, Interrupted("interrupted"))
try:
    build_model(sys.argv[1], ModelOptions(outputs={"y": Quantise(DataType.S8, scale=(1.0,))}))
except KeyboardInterrupt:
    print("whole" if hasattr(sys.modules.get("onnxruntime"), "InferenceSession") else "half")
"""


def test_ctrl_c_while_the_engine_is_imported_is_not_lost_and_leaves_it_whole(tmp_path: Path) -> None:
    onnx.save(identity((3,)), tmp_path / "net.onnx")
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "net.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "whole\n", done.stderr


def test_progress_only_grows(tmp_path: Path) -> None:
    reported: list[tuple[str, float]] = []
    samples = [{"data": np.ones((1, 3, 240, 320), np.float32)}] * 3
    options = ModelOptions(outputs={"features": Quantise(DataType.S8)}, samples=samples)
    pack(image_model(), tmp_path / "m.hbm", options, progress=lambda stage, part: reported.append((stage, part)))
    parts = [part for _, part in reported]
    assert parts == sorted(parts)
    assert parts[0] == 0
    assert parts[-1] <= 1
    assert [stage for stage, _ in reported].count("measuring ranges") == 3


def test_large_constants_lie_apart_and_equal_ones_once(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("MatMul", ["h", "b"], ["y"])]
    proto = model(nodes, [("x", F32, (1, 300))], [("y", F32, (1, 300))], {"a": weights, "b": weights})
    built = build_model(proto)
    assert len(built.weights or b"") == 360_000
    assert len(built.graph) < 2000
    pack(proto, tmp_path / "m.hbm", ModelOptions(name="m"))
    given = np.ones((1, 300), np.float32)
    output = HB_HBMRuntime(str(tmp_path / "m.hbm")).run(given)["m"]["y"]
    np.testing.assert_allclose(output, reference(proto, {"x": given})["y"], rtol=1e-5, atol=1e-5)


def test_a_model_is_not_changed_by_packing() -> None:
    proto = image_model()
    before = proto.SerializeToString(deterministic=True)
    build_model(proto, ModelOptions(inputs={"data": FeatureInput(separate_batch=True)}))
    assert proto.SerializeToString(deterministic=True) == before
