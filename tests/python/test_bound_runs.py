"""Model views, arrays on device memory, bound runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx.parser import parse_model

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_model_view_describes_its_tensors(runtime: HB_HBMRuntime) -> None:
    model = runtime["times_2"]
    x = model.inputs["x"]
    assert (model.name, list(model.inputs), list(model.outputs)) == ("times_2", ["x"], ["y"])
    assert (x.shape, x.dtype, x.nbytes) == ((2, 3), hbm_runtime.hbDNNDataType.F32, 24)
    assert x.np_dtype == np.float32
    assert model.inputs[0] is x
    assert (x.accepts((2, 3)), x.accepts((2, 4)), x.accepts((2,))) == (True, False, False)
    assert (x.rank, x.size, x.is_dynamic, x.name, x.index) == (2, 6, False, "x", 0)
    assert x.strides == tuple(runtime.input_strides["times_2"]["x"])
    assert x.quant == runtime.input_quants["times_2"]["x"]
    assert x.desc == runtime.input_descs["times_2"]["x"]
    assert model.outputs[np.int64(-1)] is model.outputs["y"]
    with pytest.raises(KeyError):
        model.inputs["nope"]
    with pytest.raises(IndexError):
        model.inputs[1]
    with pytest.raises(hbm_runtime.InputError, match="times_2"):
        runtime.model("nope")
    assert list(runtime) == ["times_2", "times_3"]
    assert "times_3" in runtime
    assert "nope" not in runtime


def test_device_arrays_are_used_in_place(runtime: HB_HBMRuntime) -> None:
    inputs = runtime["times_2"].empty_inputs()
    outputs = runtime["times_2"].empty_outputs()
    assert _core.is_device_array(inputs["x"])
    assert not inputs["x"].any()
    inputs["x"][...] = X
    calls = _core.driver_live()["allocation_calls"]
    result = runtime.run(inputs, "times_2", outputs=outputs)
    assert result["times_2"]["y"] is outputs["y"]
    np.testing.assert_array_equal(outputs["y"], 2 * X)
    assert _core.driver_live()["allocation_calls"] == calls


def test_device_arrays_outlive_the_runtime(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    x = runtime["times_2"].empty_inputs()["x"]
    x[...] = 5
    runtime.close()
    assert x.sum() == 30
    assert _core.is_device_array(x)


def test_a_bound_run_reads_and_writes_its_arrays(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2", inputs={"x": X})
    assert bound.run() is bound.outputs
    np.testing.assert_array_equal(bound.outputs["y"], 2 * X)
    bound.inputs["x"][...] = 1
    assert bound.run_async().result(10)["y"] is bound.outputs["y"]
    np.testing.assert_array_equal(bound.outputs["y"], np.full_like(X, 2))


def test_bound_models_chain_without_a_copy(runtime: HB_HBMRuntime) -> None:
    first = runtime.bind("times_2", inputs={"x": X})
    second = runtime.bind("times_3", inputs={"x": first.outputs["y"]})
    assert second.inputs["x"] is first.outputs["y"]
    first.run()
    np.testing.assert_array_equal(second.run()["y"], 6 * X)


def test_a_steady_bound_loop_allocates_nothing(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2", inputs={"x": X})
    bound.run()
    calls = _core.driver_live()["allocation_calls"]
    for _ in range(500):
        bound.run()
    assert _core.driver_live()["allocation_calls"] == calls


def test_unknown_tensors_of_a_binding_are_named(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError, match="no input 'z'; its inputs are 'x'"):
        runtime.bind("times_2", inputs={"z": X})


def test_dynamic_models_tell_shapes_before_they_run_and_bind(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.dynamic()))
    model = runtime["dynamic"]
    assert model.is_dynamic
    info = next(iter(model.inputs.values()))
    shape = tuple(3 if size == -1 else size for size in info.shape)
    assert any(info.dim_names)
    shapes = {name: tuple(3 if size == -1 else size for size in each.shape) for name, each in model.inputs.items()}
    inferred = model.infer_shapes(shapes)
    inputs = {name: np.ones(shapes[name], model.inputs[name].np_dtype) for name in shapes}
    result = runtime.run(inputs)["dynamic"]
    assert {name: array.shape for name, array in result.items()} == inferred
    bound = runtime.bind("dynamic", inputs=inputs)
    assert {name: array.shape for name, array in bound.run().items()} == inferred
    assert bound.inputs[info.name].shape == shape


def test_shapes_that_the_data_decide_cannot_be_told_before(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.nonzero()))
    model = runtime["nonzero"]
    with pytest.raises(hbm_runtime.UnsupportedError):
        model.infer_shapes({name: [4 if size == -1 else size for size in i.shape] for name, i in model.inputs.items()})


def test_shapes_that_do_not_fit_are_refused(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError, match="expected shape"):
        runtime.infer_shapes("times_2", {"x": (2, 4)})
    with pytest.raises(hbm_runtime.InputError, match="no input 'z'"):
        runtime.infer_shapes("times_2", {"z": (2, 3)})


def test_given_outputs_that_are_not_on_the_device_are_filled(runtime: HB_HBMRuntime) -> None:
    given = np.zeros((3, 2), np.float32).T
    bound = runtime.bind("times_2", inputs=X, outputs=given)
    assert bound.run()["y"] is given
    np.testing.assert_array_equal(given, 2 * X)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        (
            {"inputs": {"x": X.astype(np.float64)}},
            hbm_runtime.InputError,
            "expected dtype float32 .F32., given float64",
        ),
        ({"inputs": {"x": X[0]}}, hbm_runtime.InputError, "shape"),
        ({"inputs": {"x": [1, 2]}}, TypeError, "numpy array, not list"),
        ({"outputs": {"z": X}}, hbm_runtime.InputError, "no output 'z'; its outputs are 'y'"),
        ({"outputs": {"y": X[:1].copy()}}, hbm_runtime.InputError, "expected shape"),
        ({"outputs": {"y": np.broadcast_to(X, X.shape)}}, hbm_runtime.InputError, "read-only"),
    ],
    ids=["dtype", "shape", "type", "name", "output shape", "read-only"],
)
def test_wrong_arrays_are_refused_when_they_are_bound(
    runtime: HB_HBMRuntime, keywords: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        runtime.bind("times_2", **keywords)


def test_the_arrays_of_a_binding_cannot_be_replaced_by_mistake(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    with pytest.raises(TypeError):
        bound.inputs["x"] = X  # type: ignore[index]


def test_a_binding_ends_with_its_runtime_and_its_arrays_stay(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    bound = runtime.bind("times_2", inputs={"x": X})
    bound.run()
    runtime.close()
    for run in (bound.run, bound.run_async):
        with pytest.raises(hbm_runtime.HbmClosedError):
            run()
    np.testing.assert_array_equal(bound.outputs["y"], 2 * X)
    assert _core.driver_live()["packed_models"] == 0


def test_a_binding_goes_on_with_a_reloaded_model(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        bound = runtime.bind("times_2", inputs={"x": X})
        runtime.reload("times_2", models.scaled(3))
        np.testing.assert_array_equal(bound.run()["y"], 3 * X)
        np.testing.assert_array_equal(bound.run_async().result(30)["y"], 3 * X)
        runtime.reload("times_2", models.identity("F32", (4, 5)))
        for run in (bound.run, bound.run_async):
            with pytest.raises(hbm_runtime.InputError, match="expected shape"):
                run()


def test_dynamic_outputs_are_written_in_place_too(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime:
        name = next(iter(runtime["dynamic"].inputs))
        frame = np.random.default_rng(1).normal(size=(1, 3, 8, 16)).astype(np.float32)
        bound = runtime.bind("dynamic", inputs={name: frame})
        expected = runtime.run(frame)["dynamic"]
        bound.run()
        used = runtime.memory_info()["dynamic"]
        del expected
        calls = _core.driver_live()["allocation_calls"]
        for _ in range(20):
            bound.run()
        assert _core.driver_live()["allocation_calls"] == calls
        assert runtime.memory_info()["dynamic"]["used_bytes"] <= used["used_bytes"]
        for output, array in runtime.run(frame)["dynamic"].items():
            np.testing.assert_array_equal(bound.outputs[output], array)


def test_a_bound_output_gets_its_array_back_when_the_result_fits_again(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["": 17]> g (float[4] x) => (int64[1, 4] y) { y = NonZero(x) }'
    onnx.save(parse_model(text), tmp_path / "count.onnx")
    bound = HB_HBMRuntime(tmp_path / "count.onnx").bind("count")
    own = bound.outputs["y"]
    for values, found in (([1, 1, 1, 1], [0, 1, 2, 3]), ([0, 1, 0, 1], [1, 3]), ([2, 2, 2, 2], [0, 1, 2, 3])):
        bound.inputs["x"][...] = values
        result = bound.run()["y"]
        assert result.tolist() == [found]
        assert (result is own) == (len(found) == 4)
        assert result is bound.outputs["y"]


def test_a_bound_array_of_the_caller_must_have_the_shape_of_the_result(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["": 17]> g (float[4] x) => (int64[1, k] y) { y = NonZero(x) }'
    onnx.save(parse_model(text), tmp_path / "count.onnx")
    bound = HB_HBMRuntime(tmp_path / "count.onnx").bind("count", outputs={"y": np.zeros((1, 3), np.int64)})
    bound.inputs["x"][...] = 1
    with pytest.raises(hbm_runtime.ShapeError, match=r"the result has shape \[1, 4\], the array given for it \[1, 3\]"):
        bound.run()


def test_binding_a_model_whose_shapes_only_a_run_can_tell_logs_no_error(
    models: ModelFactory, caplog: pytest.LogCaptureFixture
) -> None:
    HB_HBMRuntime(models.nonzero()).bind("nonzero", inputs=np.ones(3, np.float32)).run()
    with pytest.raises(hbm_runtime.ModelError):
        HB_HBMRuntime(bytearray(100))
    deadline = time.monotonic() + 10
    while not any("hbDNNInitializeFromDDR" in line for line in caplog.messages):  # they arrive in order, a little later
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not any("nonzero" in line for line in caplog.messages)
