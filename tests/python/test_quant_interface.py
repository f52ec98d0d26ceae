"""What the two functions for quantised values take, and what else happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.gil import ticks_during
from support.model_factory import ModelFactory
from support.quant_reference import assert_same_bits, expected_real

from hbm_runtime import HB_HBMRuntime, InputError, QuantParams, dequantize, hbDNNDataType, hbDNNQuantiType, quantize


@pytest.mark.parametrize(
    "dtype", [hbDNNDataType.S16, np.int16, "int16", np.dtype("<i2")], ids=["enum", "type", "name", "dtype"]
)
def test_the_result_type_in_every_spelling(dtype: Any) -> None:
    assert quantize(np.ones(3, np.float32), QuantParams(scale=0.5), dtype).dtype == np.int16


class OtherType:
    """A member of somebody else's enum."""

    value = 1


@pytest.mark.parametrize(
    "quant",
    [
        {"scale": [0.5, 2.0], "zero_point": [1, 2], "axis": 1, "quant_type": hbDNNQuantiType.SCALE},
        {"scale": np.array([0.5, 2.0]), "zero_point": np.array([1.0, 2.0]), "axis": -1},
        {"scale": (0.5, 2.0), "zero_point": (1, 2), "axis": np.int64(1), "quant_type": 1},
        SimpleNamespace(scale=[0.5, 2.0], zero_point=[1, 2], axis=1, quant_type="SCALE"),
        SimpleNamespace(scale=[0.5, 2.0], zero_point=[1, 2], axis=1, quant_type=OtherType()),
    ],
    ids=["mapping", "arrays", "tuples", "object", "other enum"],
)
def test_parameters_may_be_anything_that_has_their_names(quant: Any) -> None:
    array = np.array([[3, 4], [5, 6]], np.int8)
    assert dequantize(array, quant).tolist() == [[1.0, 4.0], [2.0, 8.0]]
    assert quantize(np.array([[1.0, 4.0]]), quant, "int8").tolist() == [[3, 4]]


def test_parameters_that_say_none_may_carry_a_vestigial_scale() -> None:
    quant = {"scale": [0.5, 0.25], "zero_point": [], "axis": 0, "quant_type": 0}
    assert dequantize(np.array([3, 4, 5], np.int32), quant).tolist() == [3, 4, 5]


def test_an_output_may_share_memory_with_the_input() -> None:
    array = np.arange(-50, 50, dtype=np.int32)
    expected = expected_real(array, QuantParams(scale=0.5, zero_point=3))
    shared = array.view(np.float32)
    dequantize(array, QuantParams(scale=0.5, zero_point=3), out=shared[::-1])
    np.testing.assert_array_equal(shared[::-1], expected)


def test_padding_of_a_result_is_left_alone() -> None:
    memory = np.full((4, 8), 9, np.float32)
    dequantize(np.zeros((4, 5), np.int8), QuantParams(scale=1.0), out=memory[:, :5])
    assert (memory[:, 5:] == 9).all()


def test_other_objects_that_give_an_array_are_accepted() -> None:
    assert dequantize(memoryview(bytes([1, 2])), QuantParams(scale=2.0)).tolist() == [2.0, 4.0]  # type: ignore[arg-type]


HALF = QuantParams(scale=0.5)


MANY = np.zeros((16, 512, 1024), np.int8)


MANY_REALS = np.zeros((4, 512, 1024), np.float32)


@pytest.mark.parametrize("work", [lambda: dequantize(MANY, HALF), lambda: quantize(MANY_REALS, HALF, np.int8)])
def test_other_threads_run_meanwhile(work: Callable[[], object]) -> None:
    assert ticks_during(lambda: [work() for _ in range(4)]) > 1


def test_the_measure_of_that_sees_a_held_lock() -> None:
    assert ticks_during(lambda: sum(range(1_000_000))) <= 1


def test_tensor_views_convert_with_their_own_parameters(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.quantised())
    model = runtime.model("quantised")
    x = np.arange(-30, 30, dtype=np.int8).reshape(1, 4, 3, 5)
    for name, output in model.run(x).items():
        info = model.outputs[name]
        assert_same_bits(info.dequantize(output), dequantize(output, info.quant))
    real = model.inputs["x"].dequantize(x)
    np.testing.assert_array_equal(model.inputs["x"].quantize(real), x)
    with pytest.raises(InputError, match="tensor 's32': dequantize") as caught:
        model.outputs["s32"].dequantize(np.zeros((1, 2), np.int32))
    assert caught.value.tensor == "s32"


def test_tensor_views_with_floating_elements_store_values_as_they_are(models: ModelFactory) -> None:
    info = HB_HBMRuntime(models.scaled(2)).model("times_2").inputs["x"]
    real = np.array([[0.1, 1.5, np.nan], [1, 2, 3]])
    assert_same_bits(info.quantize(real), real.astype(np.float32))
    assert_same_bits(info.dequantize(real.astype(np.float32)), real.astype(np.float32))
    out = np.zeros((2, 3), np.float32)
    assert info.quantize(real, out=out) is out
    with pytest.raises(InputError, match=r"tensor 'x': out must be float32 \[2, 3\], given float64 \[2, 3\]"):
        info.quantize(real, out=out.astype(np.float64))
