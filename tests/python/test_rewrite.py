"""The load option `rewrite`: the integers stay those of the unoptimised model."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from packer.quantised_graphs import LAYERS, SELECTING, quantised
from packer.small_models import reference
from support.program import run

from hbm_runtime import HB_HBMRuntime, InputError, MissingPackageError
from hbm_runtime.packer import pack

if TYPE_CHECKING:
    from support.model_factory import ModelFactory


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A signed convolution with a Relu before its quantisation."""
    text, shape = LAYERS[next(iter(LAYERS))]
    path = tmp_path / "layer.onnx"
    onnx.save(quantised(text, SELECTING["Relu"], shape, -3), path)
    return path


def _inputs(path: Path, seed: int = 0) -> dict[str, np.ndarray]:
    (x,) = onnx.load(path).graph.input
    shape = [dimension.dim_value for dimension in x.type.tensor_type.shape.dim]
    return {x.name: (np.random.default_rng(seed).normal(size=shape) * 3).astype(np.float32)}


@pytest.mark.parametrize("in_memory", [False, True])
def test_integers_are_those_of_the_unoptimised_model(layer: Path, in_memory: bool) -> None:
    runtime = HB_HBMRuntime(bytearray(layer.read_bytes()) if in_memory else layer, rewrite=True)
    (name,) = runtime.model_names
    plain = HB_HBMRuntime(layer)
    # Packing has added nodes: there is something to be rewritten here.
    assert len(runtime.operations(name)) > len(plain.operations("layer"))
    for seed in range(5):
        inputs = _inputs(layer, seed)
        for output, values in reference(onnx.load(layer), inputs).items():
            np.testing.assert_array_equal(runtime.run(inputs)[name][output], values)


def test_names_keys_copies_and_reloads_are_the_files(layer: Path, tmp_path: Path) -> None:
    runtime = HB_HBMRuntime([layer], rewrite=True)
    assert runtime.model_names == ["layer"]
    assert list(runtime.hbm_descs) == [str(layer)]
    count = len(runtime.operations("layer"))
    other = tmp_path / "other.onnx"
    other.write_bytes(layer.read_bytes())
    runtime.reload("layer", other)
    assert len(runtime.operations("layer")) == count
    copy = pickle.loads(pickle.dumps(runtime))
    assert len(copy.operations("layer")) == count


def test_other_files_are_loaded_as_they_are(models: ModelFactory, layer: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.hbm"
    pack(models.scaled(2), packed)
    runtime = HB_HBMRuntime([packed, layer], rewrite=True)
    assert (
        runtime.run({"times_2": {"x": np.ones((2, 3), np.float32)}, "layer": _inputs(layer)})["times_2"]["y"].sum()
        == 12
    )
    with pytest.raises(FileNotFoundError):
        HB_HBMRuntime(tmp_path / "none.onnx", rewrite=True)
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(layer.read_bytes()[:200])
    with pytest.raises(InputError, match=r"rewrite=True cannot rewrite the model: .*damaged"):
        HB_HBMRuntime(damaged, rewrite=True)


def test_without_the_extra_the_error_says_what_to_install(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("hbm_runtime.packer")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackageError, match="rewrite=True: packing needs onnx; install"):
        HB_HBMRuntime(layer, rewrite=True)
    HB_HBMRuntime(layer).close()


@pytest.mark.parametrize("command", ["model_info", "infer", "perf", "serve", "compare"])
def test_every_command_that_loads_models_has_the_option(command: str, layer: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(layer.read_bytes()[:200])
    files = [layer, damaged] if command == "compare" else [damaged]
    ended = run(command, *map(str, files), "--rewrite", cwd=tmp_path)
    assert ended.code == 1
    assert "cannot rewrite the model" in ended.err


def test_compare_rewrites_and_judges_against_the_unoptimised_model(layer: Path, tmp_path: Path) -> None:
    document = run("compare", str(layer), "--rewrite", "--json", cwd=tmp_path).json()
    assert (document["passed"], document["computed_by"]) == (True, "onnxruntime")
    assert [output["equal"] for output in document["outputs"]] == [1]


def test_what_loads_a_model_once_more_rewrites_it_too(layer: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", **_inputs(layer))  # type: ignore[arg-type]
    names = []
    for option in ("--norewrite", "--rewrite"):
        words = ("--input_file", "inputs.npz", "--dump_intermediate", "1", "--dump_path", str(tmp_path / option))
        assert run("infer", str(layer), option, *words, cwd=tmp_path).code == 0
        names.append({file.name for file in (tmp_path / option).iterdir()})
    assert names[0] != names[1]
