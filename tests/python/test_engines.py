"""The load option `engine`: which graphs a plug-in may compute, what it computes, what is reported of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper
from support import engine_plugins, onnx_models
from support.child import output_of, run_python
from support.engine_version import needs_engine
from support.onnx_models import build
from support.program import run

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, driver_info
from hbm_runtime.packer import pack

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

needs_plugin = pytest.mark.skipif(
    not engine_plugins.is_installed(), reason="needs onnxruntime-ep-openvino, and ONNX Runtime 1.22"
)


def unary(op: str, dtype: str, **attributes: Any) -> ModelProto:
    return build([helper.make_node(op, ["x"], ["y"], **attributes)], [("x", dtype, (2, 4))], [("y", dtype, (2, 4))])


def binary(op: str, dtype: str) -> ModelProto:
    inputs = [("a", dtype, (4,)), ("b", dtype, (4,))]
    return build([helper.make_node(op, ["a", "b"], ["y"])], inputs, [("y", dtype, (4,))])


def tiled(*, at_run_time: bool) -> ModelProto:
    nodes = [helper.make_node("Tile", ["x", "repeats"], ["y"])]
    repeats = np.array([2, 3], np.int64)
    if not at_run_time:
        return build(nodes, [("x", "F32", (2, 4))], [("y", "F32", (4, 12))], {"repeats": repeats})
    nodes.insert(0, helper.make_node("Shape", ["r"], ["repeats"]))
    return build(nodes, [("x", "F32", (2, 4)), ("r", "F32", ("m", "n"))], [("y", "F32", ("h", "w"))])


def joined_bytes(dtype: type[np.generic]) -> ModelProto:
    nodes = []
    for name in ("a", "b"):
        nodes.append(helper.make_node("QuantizeLinear", [name, f"{name}_scale", "zero"], [f"{name}q"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}q", f"{name}_scale", "zero"], [f"{name}d"]))
    nodes.append(helper.make_node("MaxPool", ["bd"], ["bp"], kernel_shape=[1, 1]))
    nodes.append(helper.make_node("Concat", ["ad", "bp"], ["y"], axis=1))
    shape = (1, 2, 4, 4)
    constants = {"a_scale": np.float32(0.1), "b_scale": np.float32(0.2), "zero": dtype(0)}
    return build(
        nodes,
        [("a", "F32", shape), ("b", "F32", shape)],
        [("y", "F32", (1, 4, 4, 4))],
        {name: np.asarray(value) for name, value in constants.items()},
    )


def sized() -> ModelProto:
    """Arithmetic on sizes in int64, which every exporter writes."""
    return build(
        [
            helper.make_node("Shape", ["x"], ["shape"]),
            helper.make_node("Gather", ["shape", "first"], ["rows"]),
            helper.make_node("Mul", ["rows", "two"], ["doubled"]),
            helper.make_node("Concat", ["doubled", "rest"], ["target"], axis=0),
            helper.make_node("Reshape", ["x", "target"], ["y"]),
        ],
        [("x", "F32", ("n", 4))],
        [("y", "F32", ("m", 2))],
        {"first": np.array([0], np.int64), "two": np.array([2], np.int64), "rest": np.array([-1], np.int64)},
    )


def other_domain() -> ModelProto:
    model = unary("Abs", "F32")
    model.graph.node[0].op_type = "Gelu"
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def branches() -> ModelProto:
    def branch(op: str) -> Any:
        result = helper.make_tensor_value_info(op, TensorProto.FLOAT, [2])
        return helper.make_graph([helper.make_node(op, ["x"], [op])], op, [], [result])

    node = helper.make_node("If", ["c"], ["y"], then_branch=branch("Abs"), else_branch=branch("Neg"))
    return build([node], [("c", "BOOL8", ()), ("x", "F32", (2,))], [("y", "F32", (2,))])


def resized(**attributes: Any) -> ModelProto:
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], **attributes)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 8, 8])]
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, 2, 2])
    graph = helper.make_graph([node], "resized", inputs, outputs, [scales])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


REFUSED: dict[str, tuple[ModelProto, str]] = {
    "int64 input": (unary("Identity", "S64"), "int64 tensor 'x' would be computed as int32"),
    "int64 arithmetic": (binary("Add", "S64"), "int64 tensor 'a'"),
    "int64 by a cast": (
        build(
            [
                helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.INT64),
                helper.make_node("Cast", ["wide"], ["y"], to=TensorProto.FLOAT),
            ],
            [("x", "F32", (4,))],
            [("y", "F32", (4,))],
        ),
        "int64 tensor 'wide'",
    ),
    "float64": (unary("Abs", "F64"), "float64 tensor 'x' would be computed as float32"),
    "uint32": (unary("Identity", "U32"), "tensor 'x' has a type"),
    "int8 sum": (binary("Add", "S8"), "Add of integers"),
    "int32 product": (binary("Mul", "S32"), "Mul of integers"),
    "repeats at run time": (tiled(at_run_time=True), "Tile"),
    "signed bytes joined": (joined_bytes(np.int8), "Concat of signed 8-bit tensors"),
    "antialias": (resized(mode="linear", antialias=1), "Resize with antialias 1"),
    "cubic": (resized(mode="cubic"), "Resize with mode cubic"),
    "operator not compared": (unary("Hardmax", "F32"), "operator Hardmax is not among those"),
    "other domain": (other_domain(), "operator Gelu is not among those"),
    "branches": (branches(), "operator If is not among those"),
    "constant beyond 32 bits": (
        build(
            [
                helper.make_node("Shape", ["x"], ["shape"]),
                helper.make_node("Add", ["shape", "big"], ["sum"]),
                helper.make_node("Cast", ["sum"], ["y"], to=TensorProto.FLOAT),
            ],
            [("x", "F32", (4,))],
            [("y", "F32", (1,))],
            {"big": np.array([2**40], np.int64)},
        ),
        "constant 'big' has numbers that 32 bits do not hold",
    ),
}
TAKEN: dict[str, ModelProto] = {
    "convolutions": onnx_models.conv_net(),
    "quantised": onnx_models.qdq_net(),
    "sizes": sized(),
    "constant repeats": tiled(at_run_time=False),
    "unsigned bytes joined": joined_bytes(np.uint8),
    "nearest": resized(mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric"),
    "several shapes": onnx_models.dynamic(),
}


def write(folder: Path, model: ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def values_for(runtime: HB_HBMRuntime) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    return {
        name: np.asarray(rng.uniform(-2, 2, [size if size > 0 else 4 for size in info.shape]), np.float32)
        for name, info in runtime["model"].inputs.items()
    }


@pytest.mark.parametrize("case", REFUSED)
def test_graphs_that_would_be_computed_wrong_stay_with_onnx_runtime(tmp_path: Path, case: str) -> None:
    model, reason = REFUSED[case]
    with HB_HBMRuntime(write(tmp_path, model), engine="openvino") as runtime:
        view = runtime["model"]
        assert view.engine == "onnxruntime"
        assert view.engine_reason.startswith("openvino does not compute it: ")
        assert reason in view.engine_reason
        assert view.engine_reason in driver_info()["engine"]
        assert runtime.summary()["models"]["model"]["engine_reason"] == view.engine_reason
    assert reason not in driver_info()["engine"]


def test_the_reason_is_logged_and_shown(tmp_path: Path) -> None:
    path = write(tmp_path, REFUSED["float64"][0])
    done = run("model_info", str(path), "--engine", "openvino", "--json")
    assert "float64 tensor 'x'" in done.err
    document = done.json()
    assert document["models"][0]["engine"] == "onnxruntime"
    assert "float64 tensor 'x'" in document["models"][0]["engine_reason"]


@needs_plugin
@pytest.mark.parametrize("case", TAKEN)
@pytest.mark.parametrize("options", [{}, {"threads": 1}, {"save_memory": True}], ids=str)
def test_results_are_those_of_onnx_runtime(tmp_path: Path, case: str, options: dict[str, Any]) -> None:
    path = write(tmp_path, TAKEN[case])
    with HB_HBMRuntime(path, engine="onnxruntime") as reference, engine_plugins.any_processor():
        inputs = values_for(reference)
        with HB_HBMRuntime(path, engine="openvino", **options) as runtime:
            assert (runtime["model"].engine, runtime["model"].engine_reason) == ("openvino", "")
            assert "openvino 1." in driver_info()["engine"]
            for _ in range(2):
                outputs = runtime.run(inputs)["model"]
                for name, expected in reference.run(inputs)["model"].items():
                    np.testing.assert_allclose(outputs[name], expected, rtol=2e-5, atol=1e-4)


@needs_plugin
def test_packed_models_and_their_weights(tmp_path: Path) -> None:
    packed = tmp_path / "model.hbm"
    pack(write(tmp_path, onnx_models.conv_net()), packed)
    with HB_HBMRuntime(packed, engine="onnxruntime") as reference, engine_plugins.any_processor():
        inputs = values_for(reference)
        with HB_HBMRuntime(packed, engine="openvino") as runtime:
            assert runtime["model"].engine == "openvino"
            outputs = runtime.run(inputs)["model"]
            for name, expected in reference.run(inputs)["model"].items():
                np.testing.assert_allclose(outputs[name], expected, rtol=2e-5, atol=1e-5)


@needs_plugin
def test_the_variable_chooses_and_the_option_goes_before_it(
    models: ModelFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPUSIM_ENGINE", "openvino")
    with engine_plugins.any_processor():
        with HB_HBMRuntime(models.conv_net()) as runtime:
            assert runtime["conv_net"].engine == "openvino"
        with HB_HBMRuntime(models.conv_net(), engine="onnxruntime") as runtime:
            assert runtime["conv_net"].engine == "onnxruntime"


def test_mistakes_are_reported(models: ModelFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    path = models.conv_net()
    with pytest.raises(hbm_runtime.InputError, match="no engine 'tensorrt'; there are 'onnxruntime', 'openvino'"):
        HB_HBMRuntime(path, engine="tensorrt")
    with pytest.raises(hbm_runtime.InputTypeError, match="engine must be a name, not int"):
        HB_HBMRuntime(path, engine=3)  # type: ignore[arg-type]
    monkeypatch.setenv("BPUSIM_ENGINE", "tensorrt")
    with pytest.raises(hbm_runtime.HbmError, match="no engine 'tensorrt'"):
        HB_HBMRuntime(path)
    assert HB_HBMRuntime(path, engine="onnxruntime")["conv_net"].engine == "onnxruntime"


@needs_engine("1.22", "older ones take no plug-ins, and that is what the error says")
def test_a_plugin_that_is_not_there_is_an_error(models: ModelFactory, tmp_path: Path) -> None:
    program = f"""
import hbm_runtime
try:
    hbm_runtime.HB_HBMRuntime({str(models.conv_net())!r}, engine="openvino")
except hbm_runtime.HbmError as error:
    print(error)
"""
    said = output_of(run_python(program, cwd=tmp_path, environment={"BPUSIM_PLUGIN_PATH": str(tmp_path)}))
    assert "engine 'openvino': not installed" in said
    assert "pip install onnxruntime-ep-openvino" in said


@needs_plugin
def test_compare_measures_an_engine(tmp_path: Path) -> None:
    path = write(tmp_path, REFUSED["float64"][0])
    done = run("compare", str(path), "--engine", "openvino", "--json")
    document = done.json()
    assert document["passed"]
    assert "float64 tensor 'x'" in document["computed_by"]
    assert document["outputs"][0]["equal"] == 1
