"""QuantParams: arrays of the right type, read-only, independent of the runtime."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.host_models import QUANT_SCALES, QUANT_ZERO_POINTS
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, QuantParams, hbDNNQuantiType

CASES: dict[str, tuple[str, str, list[float], list[int], int]] = {
    "per channel with zero points": ("output", "s32", list(QUANT_SCALES), list(QUANT_ZERO_POINTS), 3),
    "per channel without zero points": ("output", "s16", list(QUANT_SCALES), [], 3),
    "per tensor output": ("output", "s8", [0.125], [5], -1),
    "per tensor input": ("input", "x", [0.25], [-7], -1),
}


def quants(models: ModelFactory, side: str) -> dict[str, QuantParams]:
    runtime = HB_HBMRuntime(models.quantised())
    return (runtime.input_quants if side == "input" else runtime.output_quants)["quantised"]


@pytest.mark.parametrize("case", CASES)
def test_scale_parameters(models: ModelFactory, case: str) -> None:
    side, tensor, scales, zero_points, axis = CASES[case]
    quant = quants(models, side)[tensor]
    assert quant.quant_type is hbDNNQuantiType.SCALE
    assert quant.scale.dtype == np.float32
    assert quant.scale.ndim == 1
    assert quant.scale.tolist() == scales
    assert quant.zero_point.dtype == np.int32
    assert quant.zero_point.ndim == 1
    assert quant.zero_point.tolist() == zero_points
    assert type(quant.axis) is int
    assert quant.axis == axis


@pytest.mark.parametrize("side", ["input", "output"])
def test_tensors_without_quantisation_have_empty_arrays(models: ModelFactory, side: str) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    quant = runtime.input_quants["times_2"]["x"] if side == "input" else runtime.output_quants["times_2"]["y"]
    assert quant.quant_type is hbDNNQuantiType.NONE
    assert quant.scale.shape == (0,)
    assert quant.scale.dtype == np.float32
    assert quant.zero_point.shape == (0,)
    assert quant.zero_point.dtype == np.int32
    assert type(quant.axis) is int


def test_every_spelling_of_is_it_quantised_that_scripts_use(models: ModelFactory) -> None:
    quant = quants(models, "output")["s32"]
    assert quant.quant_type == 1
    assert not quant.quant_type != 1  # noqa: SIM202 - the operator itself is looked at
    assert int(quant.quant_type) == 1
    assert quant.quant_type.value == 1
    assert quant.quant_type.name == "SCALE"
    assert quant.quant_type == hbDNNQuantiType.SCALE


@pytest.mark.parametrize("name", ["scale", "zero_point", "quant_type", "axis"])
def test_attributes_are_read_only(models: ModelFactory, name: str) -> None:
    quant = quants(models, "output")["s32"]
    with pytest.raises(AttributeError):
        setattr(quant, name, getattr(quant, name))


def test_changing_an_array_changes_no_other_reader(models: ModelFactory) -> None:
    quant = quants(models, "output")["s32"]
    scale = quant.scale
    try:
        scale[:] = 0
    except ValueError:
        assert not scale.flags.writeable
    assert quant.scale.tolist() == list(QUANT_SCALES)
    assert quants(models, "output")["s32"].scale.tolist() == list(QUANT_SCALES)


def test_parameters_outlive_the_runtime(models: ModelFactory) -> None:
    quant = quants(models, "output")["s32"]
    assert quant.scale.tolist() == list(QUANT_SCALES)
    assert quant.zero_point.tolist() == list(QUANT_ZERO_POINTS)


def test_dequantised_outputs_are_what_the_parameters_say(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.quantised())
    x = np.arange(-30, 30, dtype=np.int8).reshape(1, 4, 3, 5)
    outputs = runtime.run(x)["quantised"]
    quant = runtime.output_quants["quantised"]["s32"]
    shape = [1] * outputs["s32"].ndim
    shape[quant.axis] = -1
    real = (outputs["s32"] - quant.zero_point.reshape(shape)) * quant.scale.reshape(shape)
    ramp = np.arange(1, 6)
    expected = (x * ramp - np.array(QUANT_ZERO_POINTS)) * np.array(QUANT_SCALES)
    np.testing.assert_array_equal(real, expected)


@pytest.mark.parametrize("way", ["copy", "deepcopy", "pickle"])
def test_parameters_can_be_copied_and_pickled(models: ModelFactory, way: str) -> None:
    quant = quants(models, "output")["s32"]
    ways: dict[str, Callable[[QuantParams], Any]] = {
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickle": lambda q: pickle.loads(pickle.dumps(q)),
    }
    twin = ways[way](quant)
    assert isinstance(twin, QuantParams)
    assert twin.quant_type is hbDNNQuantiType.SCALE
    assert twin.axis == 3
    np.testing.assert_array_equal(twin.scale, quant.scale)
    np.testing.assert_array_equal(twin.zero_point, quant.zero_point)
