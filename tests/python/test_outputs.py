"""Output arrays: views on device memory that belong to the caller."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest
from support.checks import same_bits
from support.dtypes import NUMPY_OF, Array, sample
from support.host_models import padded_strides
from support.live import Held, wait_until, wait_until_held
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def doubled(models: ModelFactory) -> Array:
    """The output of a run whose runtime and result are gone."""
    return HB_HBMRuntime(models.scaled(2)).run(X)["times_2"]["y"]


def test_an_output_is_a_writeable_view_on_device_memory(models: ModelFactory) -> None:
    output = doubled(models)
    assert type(output) is np.ndarray
    assert output.flags.owndata is False
    assert output.flags.writeable is True
    assert output.flags.aligned is True
    assert output.base is not None
    assert output.dtype == np.float32
    assert output.dtype.isnative


@pytest.mark.parametrize("dtype", NUMPY_OF)
@pytest.mark.parametrize("alignment", [1, 32, 64])
def test_strides_are_those_that_the_driver_reports(models: ModelFactory, dtype: str, alignment: int) -> None:
    shape = (2, 3, 5)
    values = sample(NUMPY_OF[dtype], shape)
    runtime = HB_HBMRuntime(models.padded(dtype, shape, alignment))
    output = runtime.run(values)["padded"]["y"]
    assert list(output.strides) == runtime.output_strides["padded"]["y"]
    assert output.strides == padded_strides(dtype, shape, alignment)
    assert output.flags.c_contiguous is (alignment == 1)
    assert output.shape == shape
    assert same_bits(output, values)


def test_camera_heads_have_the_manuals_strides_and_the_right_numbers(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.sample("yolov5x_672x672_nv12"))
    y = sample(NUMPY_OF["U8"], (1, 672, 672, 1))
    uv = sample(NUMPY_OF["U8"], (1, 336, 336, 2))
    outputs = runtime.run({"data_y": y, "data_uv": uv})["yolov5x_672x672_nv12"]
    ramp = np.arange(1, 256, dtype=np.int32)
    for name, step in {"output": 8, "1310": 16, "1312": 32}.items():
        assert list(outputs[name].strides) == runtime.output_strides["yolov5x_672x672_nv12"][name]
        np.testing.assert_array_equal(outputs[name], y[:, ::step, ::step].astype(np.int32) * ramp + int(uv.max()))


PROCESSING: dict[str, Any] = {
    "index": lambda a: a[0],
    "reshape": lambda a: a.reshape(-1, 5).shape,
    "reshape to one axis": lambda a: a.reshape(-1).tolist(),
    "squeeze": np.squeeze,
    "astype": lambda a: a.astype(np.float64),
    "argmax": lambda a: np.argmax(a, axis=-1),
    "fancy index": lambda a: a[..., [2, 0, 1]],
    "mask": lambda a: a[a > 3],
    "transpose": lambda a: a.transpose(2, 0, 1),
    "ascontiguousarray": lambda a: np.ascontiguousarray(np.asarray(a)).tobytes(),
    "tobytes": lambda a: a.tobytes(),
    "copy": lambda a: a.copy(),
    "concatenate": lambda a: np.concatenate([a, a]),
    "memoryview": lambda a: memoryview(a).tolist(),
    "dlpack": lambda a: np.from_dlpack(a).sum(),
}


@pytest.mark.parametrize("step", PROCESSING)
def test_what_scripts_do_with_outputs(models: ModelFactory, step: str) -> None:
    values = np.arange(30, dtype=np.float32).reshape(2, 3, 5)
    output = HB_HBMRuntime(models.padded("F32", (2, 3, 5))).run(values)["padded"]["y"]
    np.testing.assert_equal(PROCESSING[step](output), PROCESSING[step](values))


def test_every_run_has_memory_of_its_own(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    results = [runtime.run(np.full((2, 3), i, np.float32))["times_2"]["y"] for i in range(20)]
    for i, result in enumerate(results):
        np.testing.assert_array_equal(result, np.full((2, 3), 2 * i))
    results[3][:] = -1
    np.testing.assert_array_equal(results[4], np.full((2, 3), 8))
    assert not any(np.shares_memory(a, b) for i, a in enumerate(results) for b in results[:i])


def test_outputs_of_one_run_do_not_share_memory(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.many(6))
    outputs = list(runtime.run({f"_input_{i}": np.zeros((1, 2), np.float32) for i in range(6)})["many_6"].values())
    assert not any(np.shares_memory(a, b) for i, a in enumerate(outputs) for b in outputs[:i])


def test_memory_given_back_is_used_again_and_not_before(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    kept = runtime.run(X)["times_2"]["y"]
    addresses = {runtime.run(X)["times_2"]["y"].__array_interface__["data"][0] for _ in range(50)}
    assert kept.__array_interface__["data"][0] not in addresses
    assert len(addresses) <= 3, "blocks for inputs and outputs may take turns"
    np.testing.assert_array_equal(kept, 2 * X)


@pytest.mark.parametrize("view", ["itself", "slice", "reshape", "transpose", "memoryview", "asarray", "dlpack"])
def test_a_view_keeps_the_memory_when_everything_else_is_gone(models: ModelFactory, view: str) -> None:
    before = Held.now()
    views: dict[str, Any] = {
        "itself": lambda a: a,
        "slice": lambda a: a[1:, ::2],
        "reshape": lambda a: a.reshape(3, 2),
        "transpose": lambda a: a.T,
        "memoryview": memoryview,
        "asarray": np.asarray,
        "dlpack": np.from_dlpack,
    }
    kept = views[view](doubled(models))
    held = wait_until(lambda held: held.packed_models == before.packed_models)
    assert held.packed_models == before.packed_models
    assert held.allocations == before.allocations + 1
    np.testing.assert_array_equal(np.asarray(kept), views[view](2 * X))
    del kept
    assert wait_until_held(before) == before


def test_an_output_survives_its_result_the_next_run_and_the_runtime(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    result = runtime.run(X)
    output = result["times_2"]["y"]
    del result
    runtime.run(np.zeros((2, 3), np.float32))
    np.testing.assert_array_equal(output, 2 * X)
    del runtime
    gc.collect()
    np.testing.assert_array_equal(output, 2 * X)
    output += 1
    np.testing.assert_array_equal(output, 2 * X + 1)


def test_an_output_may_die_in_another_thread(models: ModelFactory) -> None:
    box = [doubled(models)]
    before = Held.now()
    thread = threading.Thread(target=box.clear)
    thread.start()
    thread.join()
    assert Held.now().allocations == before.allocations - 1


@pytest.mark.parametrize("chain", ["keep all", "drop at once", "through a view"])
def test_outputs_go_straight_back_in(models: ModelFactory, chain: str) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    value, kept = X, []
    for _ in range(8):
        value = runtime.run(value)["times_2"]["y"]
        if chain == "keep all":
            kept.append(value)
        elif chain == "through a view":
            value = value[::-1][::-1]
    np.testing.assert_array_equal(value, 256 * X)
    for i, output in enumerate(kept):
        np.testing.assert_array_equal(output, 2 ** (i + 1) * X)


def test_padded_outputs_go_into_padded_inputs(models: ModelFactory) -> None:
    values = sample(NUMPY_OF["S16"], (2, 3, 5))
    runtime = HB_HBMRuntime(models.padded("S16", (2, 3, 5)))
    once = runtime.run(values)["padded"]["y"]
    assert same_bits(runtime.run(once)["padded"]["y"], values)


def test_integers_stay_integers(models: ModelFactory) -> None:
    """Outputs are raw: nothing is dequantised."""
    x = sample(NUMPY_OF["S8"], (1, 4, 3, 5))
    outputs = HB_HBMRuntime(models.quantised()).run(x)["quantised"]
    ramp = np.arange(1, 6, dtype=np.int32)
    assert {name: a.dtype.name for name, a in outputs.items()} == {"s32": "int32", "s16": "int16", "s8": "int8"}
    np.testing.assert_array_equal(outputs["s32"], x.astype(np.int32) * ramp)
    np.testing.assert_array_equal(outputs["s16"], (x.astype(np.int32) * ramp).astype(np.int16))
    np.testing.assert_array_equal(outputs["s8"], x)


DYNAMIC_SHAPES = [(1, 3, 2, 2), (2, 3, 5, 7), (5, 3, 16, 2), (1, 3, 33, 129)]


@pytest.mark.parametrize("shape", DYNAMIC_SHAPES, ids=str)
def test_dynamic_outputs_have_their_real_shapes(models: ModelFactory, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    outputs = HB_HBMRuntime(models.dynamic()).run(values)["dynamic"]
    n, c, h, w = shape
    assert {name: a.shape for name, a in outputs.items()} == {
        "same": (n, c, h, w),
        "top": (n, c),
        "half": (n, c, h // 2, w // 2),
    }
    np.testing.assert_array_equal(outputs["same"], -values)
    np.testing.assert_array_equal(outputs["top"], values.max(axis=(2, 3)))
    cropped = values[:, :, : h // 2 * 2, : w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2)
    np.testing.assert_array_equal(outputs["half"], cropped.max(axis=(3, 5)))


@pytest.mark.parametrize("ones", [0, 1, 7, 50])
def test_an_output_whose_shape_the_data_decide(models: ModelFactory, ones: int) -> None:
    x = np.zeros(50, np.float32)
    x[np.random.default_rng(ones).permutation(50)[:ones]] = 1
    where = HB_HBMRuntime(models.nonzero()).run(x)["nonzero"]["where"]
    assert where.shape == (1, ones)
    assert where.dtype == np.int64
    np.testing.assert_array_equal(where, np.nonzero(x))


def test_data_may_decide_another_shape_at_every_run(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.nonzero())
    kept = []
    for count in (3, 20, 0, 20, 1):
        x = np.zeros(20, np.float32)
        x[:count] = 1
        kept.append((count, runtime.run(x)["nonzero"]["where"]))
    for count, where in kept:
        np.testing.assert_array_equal(where, [list(range(count))])


def test_an_empty_batch_gives_empty_outputs(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.identity("F32", ("N", 3)))
    output = runtime.run(np.empty((0, 3), np.float32))["identity_F32_N_3"]["y"]
    assert output.shape == (0, 3)
