"""SchedParam: what a single object of it takes, keeps and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, SchedParam

BUILT_IN = (0, 0, [-1], 0)


def values(param: SchedParam) -> tuple[Any, ...]:
    return param.priority, param.customId, param.bpu_cores, param.deviceId


def test_a_new_param_has_the_built_in_values() -> None:
    param = SchedParam()
    assert values(param) == BUILT_IN
    assert all(type(value) in {int, list} for value in values(param))


PARAM_VALUES: dict[str, list[Any]] = {
    "priority": [0, 255, {"modelA": 8}],
    "customId": [0, -1, 2**62, {"modelA": 1001}],
    "bpu_cores": [[0], [0, 1], [-1], [], {"modelA": [0, 1]}],
    "deviceId": [0, {"modelA": 0}],
}


@pytest.mark.parametrize("field", PARAM_VALUES)
def test_a_param_takes_a_value_or_a_dict_by_model(field: str) -> None:
    param = SchedParam()
    for value in PARAM_VALUES[field]:
        setattr(param, field, value)
        assert getattr(param, field) == value


@pytest.mark.parametrize("field", PARAM_VALUES)
@pytest.mark.parametrize("value", ["text", 1.5, None, {"m": "text"}, {"m": None}, {3: 1}], ids=str)
def test_a_param_refuses_values_of_a_wrong_type(field: str, value: Any) -> None:
    param = SchedParam()
    with pytest.raises(TypeError):
        setattr(param, field, value)
    assert values(param) == BUILT_IN


def test_a_param_has_no_other_attributes() -> None:
    param: Any = SchedParam()
    with pytest.raises(AttributeError):
        param.custom_id = 3


def test_params_filled_with_dicts_can_be_handed_over(models: ModelFactory) -> None:
    """As the S100 manual does it."""
    runtime = HB_HBMRuntime([models.scaled(3), models.scaled(2)])
    param = SchedParam()
    param.priority = {"times_2": 8}
    param.customId = {"times_2": 1001}
    param.bpu_cores = {"times_2": [0, 1]}
    param.deviceId = {"times_2": 0}
    runtime.set_scheduling_params(
        priority=param.priority, custom_id=param.customId, bpu_cores=param.bpu_cores, device_id=param.deviceId
    )
    assert {name: values(param) for name, param in runtime.sched_params.items()} == {
        "times_3": BUILT_IN,
        "times_2": (8, 1001, [0, 1], 0),
    }


def test_a_snapshot_outlives_the_runtime(models: ModelFactory) -> None:
    param = HB_HBMRuntime(models.scaled(2)).sched_params["times_2"]
    assert values(param) == BUILT_IN
