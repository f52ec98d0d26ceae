"""outputs= and output_names=: what is filled, what is returned, what is refused."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_given_outputs_are_filled_and_returned(runtime: HB_HBMRuntime) -> None:
    given = np.zeros((3, 2), np.float32).T
    result = runtime.run(X, "times_2", outputs={"y": given})
    assert result["times_2"]["y"] is given
    np.testing.assert_array_equal(given, 2 * X)
    again = np.zeros((2, 3), np.float32)
    assert runtime.run_async(X, "times_3", outputs=again).result(10)["times_3"]["y"] is again
    np.testing.assert_array_equal(again, 3 * X)


def strided() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.full((4, 9), -1, np.float32)


@pytest.mark.parametrize(
    "view",
    [np.s_[::2, ::3], np.s_[::-2, 2::3], np.s_[1:3, 8:5:-1], np.s_[:2, 3:6]],
    ids=["steps", "backwards rows", "backwards columns", "part"],
)
def test_given_outputs_may_have_any_layout_and_nothing_else_is_written(runtime: HB_HBMRuntime, view: Any) -> None:
    whole, expected = strided(), strided()
    expected[view] = 2 * X
    runtime.run(X, "times_2", outputs=whole[view])
    np.testing.assert_array_equal(whole, expected)


def test_an_output_may_take_the_place_of_its_input(runtime: HB_HBMRuntime) -> None:
    x = X.copy()
    assert runtime.run(x, "times_2", outputs=x)["times_2"]["y"] is x
    np.testing.assert_array_equal(x, 2 * X)
    on_device = runtime["times_2"].empty_inputs()["x"]
    on_device[...] = X
    runtime.run(on_device, "times_2", outputs=on_device)
    np.testing.assert_array_equal(on_device, 2 * X)


def test_outputs_of_several_models_are_given_by_model(runtime: HB_HBMRuntime) -> None:
    both = {"times_2": {"x": X}, "times_3": {"x": X}}
    given = np.zeros((2, 3), np.float32)
    result = runtime.run(both, outputs={"times_3": {"y": given}}, output_names={"times_2": []})
    assert result == {"times_2": {}, "times_3": {"y": given}} or result["times_3"]["y"] is given
    np.testing.assert_array_equal(given, 3 * X)
    with pytest.raises(hbm_runtime.InputError, match="by model name"):
        runtime.run(both, outputs=given)


def zeros(*shape: int, dtype: Any = np.float32) -> Any:
    return np.zeros(shape, dtype)


def read_only() -> Any:
    given = zeros(2, 3)
    given.flags.writeable = False
    return given


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (zeros(2, 3, dtype=np.float64), "expected dtype float32"),
        (zeros(2, 3, dtype=">f4"), "big-endian"),
        (zeros(2, 3, dtype=object), "expected dtype float32"),
        (zeros(3, 3), "expected shape"),
        (zeros(6), "expected 2 dimensions"),
        (zeros(2, 3, 1), "expected 2 dimensions"),
        ({"z": zeros(2, 3)}, "no output 'z'; its outputs are 'y'"),
        ({"nobody": {"y": zeros(2, 3)}}, "no model is named 'nobody'"),
        (read_only(), "read-only"),
        (np.broadcast_to(zeros(1, 3), (2, 3)), "read-only"),
        (np.lib.stride_tricks.as_strided(zeros(3), (2, 3), (0, 4)), "share memory with each other"),
        (np.lib.stride_tricks.as_strided(zeros(4), (2, 3), (4, 4)), "share memory with each other"),
    ],
    ids=str,
)
def test_given_outputs_that_do_not_fit_are_refused(runtime: HB_HBMRuntime, outputs: Any, message: str) -> None:
    before = runtime.stats()
    for run in (runtime.run, runtime.run_async):
        with pytest.raises(hbm_runtime.InputError, match=message):
            run(X, "times_2", outputs=outputs)
    assert runtime.stats() == before


@pytest.mark.parametrize("outputs", [[[0.0] * 3] * 2, 3, "y", {"y": [1]}], ids=str)
def test_given_outputs_of_a_wrong_type(runtime: HB_HBMRuntime, outputs: Any) -> None:
    with pytest.raises(TypeError, match="numpy array"):
        runtime.run(X, "times_2", outputs=outputs)


def test_outputs_that_share_memory_are_refused(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.many(2))) as runtime:
        model = runtime["many_2"]
        inputs = model.empty_inputs()
        first, second = model.outputs
        assert model.outputs[0].shape == model.outputs[1].shape == (1, 2)
        dtypes = [model.outputs[i].np_dtype for i in (0, 1)]
        if dtypes[0] == dtypes[1]:
            both = np.zeros((1, 2), dtypes[0])
            with pytest.raises(hbm_runtime.InputError, match="shares memory"):
                runtime.run(inputs, outputs={first: both, second: both})
            woven = np.zeros((1, 4), dtypes[0])
            runtime.run(inputs, outputs={first: woven[:, ::2], second: woven[:, 1::2]})
            with pytest.raises(hbm_runtime.InputError, match="shares memory"):
                runtime.run(inputs, outputs={first: woven[:, :2], second: woven[:, 1:3]})


def test_models_of_one_call_may_not_write_what_others_use(runtime: HB_HBMRuntime) -> None:
    x, y = X.copy(), np.zeros_like(X)
    both = {"times_2": {"x": X}, "times_3": {"x": x}}
    with pytest.raises(hbm_runtime.InputError, match=r"output 'y'.*shares memory.*input 'x' of model 'times_3'"):
        runtime.run(both, outputs={"times_2": {"y": x}})
    with pytest.raises(hbm_runtime.InputError, match=r"shares memory.*output 'y' of model 'times_2'"):
        runtime.run(both, outputs={"times_2": {"y": y}, "times_3": {"y": y}})
    runtime.run(both, outputs={"times_3": {"y": x}})
    np.testing.assert_array_equal(x, 3 * X)


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize("how", ["run", "run_async", "abandon"])
def test_given_outputs_are_left_alone_once_the_caller_was_told_of_the_end(runtime: HB_HBMRuntime, how: str) -> None:
    """The array may be gone by then, or used for something else."""
    given = np.zeros((2, 3), np.float32)
    if how == "run":
        with pytest.raises(hbm_runtime.HbmTimeoutError):
            runtime.run(X, "times_2", outputs=given, timeout=0.02)
    else:
        request = runtime.run_async(X, "times_2", outputs=given, timeout=0.02 if how == "run_async" else None)
        if how == "abandon":
            request.abandon()
        with pytest.raises(hbm_runtime.HbmError):
            request.result(30)
        del request
    gc.collect()
    let_go()
    deadline = time.monotonic() + 30
    while _core.driver_live()["tasks"] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert not given.any()


def test_only_the_named_outputs_are_returned(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.many(4))) as runtime:
        model = runtime["many_4"]
        inputs = model.empty_inputs()
        names = list(model.outputs)
        for run in (runtime.run, lambda *given, **keywords: runtime.run_async(*given, **keywords).result(30)):
            assert list(run(inputs, output_names=[names[2], names[0]])["many_4"]) == [names[2], names[0]]
            assert list(run(inputs, output_names=(name for name in names[:1]))["many_4"]) == names[:1]
            assert list(run(inputs, output_names={"many_4": names[3:]})["many_4"]) == names[3:]
            assert run(inputs, output_names=[])["many_4"] == {}
        given = np.zeros(model.outputs[1].shape, model.outputs[1].np_dtype)
        result = runtime.run(inputs, outputs={names[1]: given}, output_names=[names[1], names[2]])["many_4"]
        assert result[names[1]] is given
        assert list(result) == [names[1], names[2]]


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["nope"], hbm_runtime.InputError, "no output 'nope'; its outputs are 'y'"),
        (["y", "y"], hbm_runtime.InputError, "'y' twice"),
        ({"nobody": ["y"]}, hbm_runtime.InputError, "no model is named 'nobody'"),
        ("y", TypeError, "list of output names"),
        (3, TypeError, "list of output names"),
        ([3], TypeError, "output name"),
    ],
    ids=str,
)
def test_wrong_names_are_refused(runtime: HB_HBMRuntime, names: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        runtime.run(X, "times_2", output_names=names)
