"""Intermediate tensors: by name, all of them, and in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.child import output_of, run_python
from support.driver_files import build_test_driver
from support.model_factory import ModelFactory
from support.onnx_models import build as build_model

import hbm_runtime
from hbm_runtime import HB_HBMRuntime


def inputs_of(runtime: HB_HBMRuntime) -> dict[str, Any]:
    (model,) = runtime.model_names
    return {name: np.ones(shape, np.float32) for name, shape in runtime.input_shapes[model].items()}


def hidden(path: Path) -> list[str]:
    graph = onnx.load(path).graph
    outputs = {output.name for output in graph.output}
    return [name for node in graph.node for name in node.output if name not in outputs]


def test_they_become_outputs_by_name(models: ModelFactory) -> None:
    path = models.conv_net()
    name = hidden(path)[0]
    with HB_HBMRuntime(path) as plain, HB_HBMRuntime(path, keep=[name]) as runtime:
        own = plain.output_names["conv_net"]
        assert runtime.output_names["conv_net"] == [*own, name]
        result, expected = runtime.run(inputs_of(runtime))["conv_net"], plain.run(inputs_of(plain))["conv_net"]
        assert result[name].size > 0
        for output in own:
            np.testing.assert_allclose(result[output], expected[output], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("every", ["*", ["*"]])
def test_a_star_keeps_all(models: ModelFactory, every: Any) -> None:
    path = models.conv_net()
    with HB_HBMRuntime(path, keep=every) as runtime:
        assert set(hidden(path)) <= set(runtime.output_names["conv_net"])


def test_a_star_leaves_out_what_no_tensor_can_be(models: ModelFactory) -> None:
    """A sequence of tensors in the middle of a model."""
    make = onnx.helper.make_node
    path = models.onnx(
        "with_sequence",
        lambda: build_model(
            [
                make("Neg", ["x"], ["minus"]),
                make("SequenceConstruct", ["x", "minus"], ["both"]),
                make("ConcatFromSequence", ["both"], ["y"], axis=0),
            ],
            [("x", "F32", (2, 3))],
            [("y", "F32", (4, 3))],
        ),
    )
    with HB_HBMRuntime(path, keep="*") as runtime:
        assert runtime.output_names["with_sequence"] == ["y", "minus"]
        np.testing.assert_array_equal(runtime.run(inputs_of(runtime))["with_sequence"]["minus"], -np.ones((2, 3)))


def test_a_folder_gets_them_as_numpy_files(models: ModelFactory, tmp_path: Path) -> None:
    path, folder = models.conv_net(), tmp_path / "made" / "by the run"
    with HB_HBMRuntime(path, keep="*", keep_path=folder) as runtime:
        inputs = inputs_of(runtime)
        kept = runtime.output_names["conv_net"][-len(hidden(path)) :]
        results = [runtime.run(inputs)["conv_net"], runtime.run_async(inputs).result(10)["conv_net"]]
        runtime.bind("conv_net", inputs=inputs).run()
    assert sorted(entry.name for entry in (folder / "conv_net").iterdir()) == ["000001", "000002", "000003"]
    for run, result in zip(("000001", "000002"), results, strict=True):
        for index, name in enumerate(kept):
            stored = np.load(folder / "conv_net" / run / f"{index}_{name}.npy")
            assert stored.dtype == result[name].dtype
            np.testing.assert_array_equal(stored, result[name])


@pytest.mark.parametrize("dtype", ["U8", "S64", "F16", "BOOL8"])
def test_files_have_the_tensors_types_and_names_that_fit(models: ModelFactory, tmp_path: Path, dtype: str) -> None:
    make = onnx.helper.make_node
    path = models.onnx(
        f"slashes_{dtype}",
        lambda: build_model(
            [make("Identity", ["x"], ["/a/b:0"]), make("Identity", ["/a/b:0"], ["y"])],
            [("x", dtype, (3, 1))],
            [("y", dtype, (3, 1))],
        ),
    )
    with HB_HBMRuntime(path, keep=["/a/b:0"], keep_path=tmp_path) as runtime:
        x = np.array([[0], [1], [1]]).astype(hbm_runtime.hbDNNDataType[dtype].to_dtype())
        runtime.run(x)
    stored = np.load(tmp_path / f"slashes_{dtype}" / "000001" / "0__a_b_0.npy")
    assert stored.dtype == x.dtype
    np.testing.assert_array_equal(stored, x)


def test_a_folder_that_cannot_be_written_fails_the_run(models: ModelFactory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        HB_HBMRuntime(models.conv_net(), keep="*", keep_path=tmp_path / "file") as runtime,
        pytest.raises(hbm_runtime.DriverError, match="cannot be written"),
    ):
        runtime.run(inputs_of(runtime))


def test_mistakes_are_told_when_the_model_is_loaded(models: ModelFactory, tmp_path: Path) -> None:
    with pytest.raises(hbm_runtime.InputError, match="no_such_tensor"):
        HB_HBMRuntime(models.conv_net(), keep=["no_such_tensor"])
    with pytest.raises(hbm_runtime.InputError, match="keep_path"):
        HB_HBMRuntime(models.conv_net(), keep_path=tmp_path)


@pytest.fixture(scope="module")
def plain_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A driver that has what the vendor's has and nothing else."""
    return build_test_driver(tmp_path_factory.mktemp("driver"))


def test_a_driver_that_cannot_says_so(tmp_path: Path, plain_driver: Path) -> None:
    script = """
import sys, hbm_runtime
for options in ({"keep": ["t"]}, {"keep": "*", "keep_path": "."}, {"profile_operators": True}, {"threads": 2}):
    try:
        hbm_runtime.HB_HBMRuntime(sys.argv[1], **options)
    except hbm_runtime.UnsupportedError as error:
        print(error)
runtime = hbm_runtime.HB_HBMRuntime(sys.argv[1])
for call in (lambda: runtime.operations("null"), lambda: hbm_runtime._core.core_loads()):
    try:
        call()
    except hbm_runtime.UnsupportedError as error:
        print(error)
print(runtime.stats()["cores"], [device.kind for device in hbm_runtime.get_devices()])
"""
    done = run_python(
        script, plain_driver / "libdnn.so", cwd=tmp_path, environment={"HBM_RUNTIME_DRIVER": str(plain_driver)}
    )
    lines = output_of(done).splitlines()
    assert len(lines) == 7
    assert all("takes no load options" in line for line in lines[:4])
    assert "operations" in lines[4]
    assert lines[6] == "[] ['bpu']"
