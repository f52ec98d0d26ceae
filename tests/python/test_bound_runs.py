"""Model views, arrays on device memory, bound runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def runtime(models: ModelFactory) -> Iterator[HB_HBMRuntime]:
    with HB_HBMRuntime([str(models.scaled(2)), str(models.scaled(3))]) as runtime:
        yield runtime


def test_a_model_view_describes_its_tensors(runtime: HB_HBMRuntime) -> None:
    model = runtime["times_2"]
    x = model.inputs["x"]
    assert (model.name, list(model.inputs), list(model.outputs)) == ("times_2", ["x"], ["y"])
    assert (x.shape, x.dtype, x.nbytes) == ((2, 3), hbm_runtime.hbDNNDataType.F32, 24)
    assert x.np_dtype == np.float32
    assert model.inputs[0] is x
    assert (x.accepts((2, 3)), x.accepts((2, 4)), x.accepts((2,))) == (True, False, False)
    with pytest.raises(hbm_runtime.InputError, match="times_2"):
        runtime.model("nope")


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
    assert bound.run_async().result(10)["times_2"]["y"] is bound.outputs["y"]
    np.testing.assert_array_equal(bound.outputs["y"], np.full_like(X, 2))


def test_bound_models_chain_without_a_copy(runtime: HB_HBMRuntime) -> None:
    first = runtime.bind("times_2", inputs={"x": X})
    second = runtime.bind("times_3", inputs={"x": first.outputs["y"]})
    assert second.inputs["x"] is first.outputs["y"]
    first.run()
    np.testing.assert_array_equal(second.run()["y"], 6 * X)


def test_a_second_run_in_flight_is_refused(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    _core.set_faults("task:hang@1")
    try:
        request = bound.run_async()
        with pytest.raises(hbm_runtime.HbmStateError, match="in flight"):
            bound.run()
        with pytest.raises(hbm_runtime.HbmStateError, match="in flight"):
            bound.run_async()
        with pytest.raises(hbm_runtime.HbmStateError, match="writes the same memory"):
            runtime.run(X, "times_2", outputs=bound.outputs)
    finally:
        let_go()
    request.result(10)
    bound.run()


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


def test_a_binding_tells_whether_it_is_ready_running_or_at_fault(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    assert bound.status == "ready"
    try:
        for failing in (bound.run, lambda: bound.run_async().result(10)):
            _core.set_faults("task:fail@1")
            with pytest.raises(hbm_runtime.DriverError):
                failing()
            assert bound.status == "fault"
            bound.run()
            assert bound.status == "ready"
        _core.set_faults("task:hang@1")
        request = bound.run_async()
        assert bound.status == "running"
    finally:
        let_go()
    request.result(10)
    assert bound.status == "ready"
