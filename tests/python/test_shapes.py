"""Shapes: symbolic dimensions, output shapes before a run, dynamic models from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

Array = np.ndarray[Any, np.dtype[np.float32]]


def picture(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def expected(x: Array) -> dict[str, Array]:
    n, channels, height, width = x.shape
    blocks = x[:, :, : height // 2 * 2, : width // 2 * 2].reshape(n, channels, height // 2, 2, width // 2, 2)
    return {"same": -x, "top": x.max(axis=(2, 3)), "half": blocks.max(axis=(3, 5))}


SIZES = [(1, 3, 2, 2), (1, 3, 8, 16), (4, 3, 7, 5), (2, 3, 33, 2), (3, 3, 64, 63)]


def test_symbolic_dimensions_have_their_names(models: ModelFactory) -> None:
    with HB_HBMRuntime([str(models.dynamic()), str(models.scaled(2))]) as runtime:
        model = runtime["dynamic"]
        x = model.inputs["x"]
        assert (x.shape, x.dim_names) == ((-1, 3, -1, -1), ("N", "", "H", "W"))
        assert (x.is_dynamic, x.size, x.nbytes) == (True, None, None)
        assert model.outputs["half"].dim_names[:1] == ("N",)
        assert "[N, 3, H, W]" in repr(x)
        assert (x.accepts((7, 3, 1, 1)), x.accepts((7, 4, 1, 1)), x.accepts((3, 1, 1))) == (True, False, False)
        assert runtime["times_2"].inputs["x"].dim_names == ("", "")
        assert runtime.summary()["models"]["dynamic"]["inputs"][0]["dim_names"] == ["N", "", "H", "W"]


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_a_dynamic_model_by_every_way_to_run_it(models: ModelFactory, shape: tuple[int, ...]) -> None:
    x = picture(*shape)
    want = expected(x)
    with HB_HBMRuntime(str(models.dynamic())) as runtime:
        model = runtime["dynamic"]
        shapes = {name: array.shape for name, array in want.items()}
        assert runtime.infer_shapes("dynamic", {"x": shape}) == model.infer_shapes({"x": list(shape)}) == shapes

        given = {name: np.zeros(array.shape, np.float32) for name, array in want.items()}
        on_device = model.empty_inputs({"x": shape})
        on_device["x"][...] = x
        outputs = model.empty_outputs(shapes)
        bound = runtime.bind("dynamic", inputs=x)
        results = {
            "run": runtime.run(x)["dynamic"],
            "run_async": runtime.run_async(x[::-1][::-1]).result(60)["dynamic"],
            "given outputs": runtime.run(x, outputs=given)["dynamic"],
            "device arrays": runtime.run(on_device, outputs=outputs)["dynamic"],
            "bound": bound.run(),
            "model": model.run(x),
        }
        for way, result in results.items():
            assert list(result) == list(want), way
            for name, array in result.items():
                np.testing.assert_array_equal(array, want[name], err_msg=f"{way}, {name}")
        assert all(results["given outputs"][name] is given[name] for name in want)
        assert all(results["device arrays"][name] is outputs[name] for name in want)


def test_one_request_after_the_other_may_have_other_shapes(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime, runtime.queue("dynamic", size=3) as queue:
        pictures = [picture(*shape) for shape in SIZES * 3]
        requests = [runtime.run_async(x) for x in pictures]
        for x in pictures:
            queue.submit(x)
        for x, request in zip(pictures, requests, strict=True):
            for name, array in request.result(60)["dynamic"].items():
                np.testing.assert_array_equal(array, expected(x)[name])
        queue.drain()
        queue.close()
        for x, result in zip(pictures, queue, strict=True):
            np.testing.assert_array_equal(result.outputs["top"], expected(x)["top"])


def test_device_arrays_of_a_dynamic_model_are_neither_copied_nor_allocated_again(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime:
        model = runtime["dynamic"]
        inputs = model.empty_inputs({"x": (1, 3, 8, 16)})
        outputs = model.empty_outputs(model.infer_shapes({"x": (1, 3, 8, 16)}))
        calls, used = _core.driver_live()["allocation_calls"], runtime.memory_info()
        for _ in range(5):
            runtime.run(inputs, outputs=outputs)
        assert _core.driver_live()["allocation_calls"] == calls
        assert runtime.memory_info() == used


@pytest.mark.parametrize(
    "part", [np.s_[:, :, :, :16], np.s_[:, :, :4], np.s_[:, :, ::2], np.s_[1:, :, 2:, 16:]], ids=str
)
def test_a_part_of_a_device_array_is_an_input_too(models: ModelFactory, part: Any) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime:
        whole = runtime["dynamic"].empty_inputs({"x": (2, 3, 8, 32)})["x"]
        whole[...] = picture(2, 3, 8, 32)
        for x in (whole[part], whole[:1][part], whole[part][..., ::-1]):
            if x.size:
                for name, array in runtime.run(x)["dynamic"].items():
                    np.testing.assert_array_equal(array, expected(x)[name])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"x": (1, 4, 8, 8)}, r"expected shape \[-1, 3, -1, -1\]"),
        ({"x": (3, 8, 8)}, "expected 4 dimensions"),
        ({"x": (1, 3, -1, 8)}, "every dimension"),
        ({}, "every dimension"),
        ({"z": (1,)}, "no input 'z'; its inputs are 'x'"),
    ],
    ids=str,
)
def test_shapes_that_cannot_be_are_refused(models: ModelFactory, shapes: Any, message: str) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime:
        with pytest.raises(hbm_runtime.InputError, match=message):
            runtime.infer_shapes("dynamic", shapes)
        if "z" not in shapes:
            with pytest.raises(hbm_runtime.InputError, match=r"dimension|shape"):
                runtime["dynamic"].empty_inputs(shapes)


def test_shapes_may_be_given_in_the_model_s_order(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.total())) as runtime:
        assert runtime.infer_shapes("total", [(4,), (4,)]) == runtime.infer_shapes("total", {"a": (4,), "b": (4,)})
        assert runtime["total"].infer_shapes(([4], [1])) == runtime.infer_shapes("total", {"a": [4], "b": [1]})
        with pytest.raises(hbm_runtime.InputError, match="1 inputs are given in order, it has 2: 'a', 'b'"):
            runtime.infer_shapes("total", [(4,)])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (None, "dict by input name or a list, not NoneType"),
        ({"x": "1388"}, "sequence of int, given '1388'"),
        ({"x": (1.0, 3, 8, 8)}, "sequence of int"),
        ({"x": None}, "sequence of int, given None"),
    ],
    ids=str,
)
def test_what_is_no_shape_is_refused(models: ModelFactory, shapes: Any, message: str) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime, pytest.raises(hbm_runtime.InputTypeError, match=message):
        runtime.infer_shapes("dynamic", shapes)


def test_names_of_arrays_to_make_are_checked(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        with pytest.raises(hbm_runtime.InputError, match="no input 'z'; its inputs are 'x'"):
            runtime["times_2"].empty_inputs({"z": (1,)})
        with pytest.raises(hbm_runtime.InputError, match="no output 'x'; its outputs are 'y'"):
            runtime["times_2"].empty_outputs({"x": (2, 3)})


def test_given_outputs_of_another_shape_than_the_result_are_an_error_of_the_run(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.dynamic())) as runtime:
        x = picture(1, 3, 8, 8)
        wrong = np.zeros((1, 3, 8, 9), np.float32)
        with pytest.raises(hbm_runtime.InputError, match=r"output 'same'.*\[1, 3, 8, 8\].*\[1, 3, 8, 9\]"):
            runtime.run(x, outputs={"same": wrong})
        np.testing.assert_array_equal(runtime.run(x)["dynamic"]["same"], -x)


def test_lengths_that_do_not_fit_each_other_fail_the_run_and_nothing_else(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.total())) as runtime:
        a, b = np.arange(4, dtype=np.float32), np.arange(3, dtype=np.float32)
        with pytest.raises(hbm_runtime.ShapeError, match="total"):
            runtime.run({"a": a, "b": b})
        with pytest.raises(hbm_runtime.ShapeError, match="total"):
            runtime.infer_shapes("total", {"a": (4,), "b": (3,)})
        np.testing.assert_array_equal(runtime.run({"a": a, "b": b[:1]})["total"]["y"], a)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_shapes_that_the_data_decide_are_known_after_the_run(models: ModelFactory, count: int) -> None:
    with HB_HBMRuntime(str(models.nonzero())) as runtime:
        x = np.zeros(5, np.float32)
        x[:count] = 1
        np.testing.assert_array_equal(runtime.run(x)["nonzero"]["where"], [np.arange(count)])
        with pytest.raises(hbm_runtime.UnsupportedError, match="depend on the data"):
            runtime.infer_shapes("nonzero", {"x": (5,)})
        np.testing.assert_array_equal(runtime.bind("nonzero", inputs=x).run()["where"], [np.arange(count)])
