"""`physicalai`, unmodified, finds the adapter by its entry point and runs a policy folder with it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.parser import parse_model

from hbm_runtime.packer import DataType, ModelOptions, pack
from hbm_runtime.packer.options import Quantise

GRAPH = (
    '<ir_version: 8, opset_import: ["" : 17]> act (float[1,2] state) => (float[1,3,2] action) '
    "<int64[3] shape = {1, 3, 2}, float two = {2}> "
    "{ both = Mul(state, two) action = Expand(both, shape) }"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy whose actions are quantised, as a compiled model's are."""
    onnx.save(parse_model(GRAPH), str(tmp_path / "act.onnx"))
    exported = tmp_path / "exported"
    exported.mkdir()
    options = ModelOptions(outputs={"action": Quantise(DataType.S16, (0.001,))})
    pack(tmp_path / "act.onnx", exported / "act.hbm", options)
    return exported


def test_the_entry_point_leads_here() -> None:
    (found,) = [point for point in entry_points(group="physicalai.inference.adapters") if point.name == "hbm"]
    assert found.value == "hbm_runtime.integrations.physicalai:register"


def test_an_adapter_of_the_registry_runs_a_quantised_policy_with_real_numbers(folder: Path) -> None:
    adapters = pytest.importorskip("physicalai.inference.adapters", reason="physicalai is not installed")
    assert adapters.adapter_registry.detect_by_extension(".hbm") == "hbm"
    adapter = adapters.get_adapter("hbm")
    adapter.load(folder / "act.hbm")
    assert (adapter.input_names, adapter.output_names) == (["state"], ["action"])
    found = adapter.predict({"state": np.array([[1.0, -2.0]])})["action"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[[2, -4]] * 3], atol=1e-3)


def test_a_policy_folder_loads_and_gives_actions(folder: Path) -> None:
    inference = pytest.importorskip("physicalai.inference", reason="physicalai is not installed")
    policy = inference.InferenceModel(folder, policy_name="act", backend="hbm")
    policy.reset()
    outputs = policy({"state": np.array([[0.5, 1.5]], np.float32)})
    np.testing.assert_allclose(np.asarray(outputs["action"]).reshape(-1, 2)[0], [1, 3], atol=1e-3)
