"""Scheduling keywords of runs on a server: the same rules and texts as locally, as parameters of requests.

The C++ side has them in `src/bindings/arguments/scheduling_arguments.cpp` and `src/core/request/scheduling.cpp`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from hbm_runtime._errors import InputError
from hbm_runtime._running.scheduling import SchedParam

from ..models.facts import ModelFacts
from ..transports.wire import Parameter
from .run_arguments import model_of, text_of, type_name

_MAX_PRIORITY = 255
_MAX_CORE = 3
_RANGES = {"priority": 31, "bpu_cores": 31, "custom_id": 63}


class Overrides(TypedDict, total=False):
    """What is set for one model; what is missing is the default."""

    priority: int
    bpu_cores: list[int]
    custom_id: int
    device_id: int


def parse_scheduling(
    models: Mapping[str, ModelFacts], core_count: int | None, keywords: Mapping[str, Any]
) -> dict[str, Overrides]:
    """Checks mappings by model name.

    Args:
        models: The models by name.
        core_count: Number of the server's cores; None if it is not known.
        keywords: priority, bpu_cores, custom_id, device_id; None where nothing is given.

    Raises:
        InputError: Unknown models, values out of range.
        TypeError: A value of a wrong type.
    """
    found: dict[str, Overrides] = {}
    for keyword, mapping in keywords.items():
        if mapping is None:
            continue
        if not isinstance(mapping, Mapping):
            raise TypeError(f"{keyword} must be a mapping by model name, not {type_name(mapping)}")
        for key, value in mapping.items():
            model = model_of(models, text_of(key, "a model name"))
            read = _cores(value, model.name) if keyword == "bpu_cores" else _integer(value, keyword, model.name)
            found.setdefault(model.name, {})[keyword] = read  # type: ignore[literal-required]
    for name, overrides in found.items():
        _check(models[name], core_count, overrides)
    return found


def as_parameters(overrides: Overrides) -> dict[str, Parameter]:
    """Returns the parameters of a request."""
    parameters: dict[str, Parameter] = {}
    if "priority" in overrides:
        parameters["hbm_priority"] = overrides["priority"]
    if "bpu_cores" in overrides:
        parameters["hbm_bpu_cores"] = ",".join(map(str, overrides["bpu_cores"] or [-1]))
    if "custom_id" in overrides:
        parameters["hbm_custom_id"] = overrides["custom_id"]
    if "device_id" in overrides:
        parameters["hbm_device_id"] = overrides["device_id"]
    return parameters


def as_sched_param(overrides: Overrides) -> SchedParam:
    """Returns the same as `HB_HBMRuntime.sched_params` has it."""
    param = SchedParam()
    param.priority = overrides.get("priority", 0)
    param.customId = overrides.get("custom_id", 0)
    param.bpu_cores = overrides.get("bpu_cores", [-1])
    param.deviceId = overrides.get("device_id", 0)
    return param


def _integer(value: Any, keyword: str, model: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{keyword} of model '{model}' must be an int, not {type_name(value)}") from None
    limit = 1 << _RANGES.get(keyword, 32)
    if not (0 if keyword == "device_id" else -limit) <= number < limit:
        raise InputError(f"model '{model}': {keyword} {number} is out of range", model=model)
    return number


def _cores(value: Any, model: str) -> list[int]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"bpu_cores of model '{model}' must be a list of int, not {type_name(value)}")
    return [_integer(core, "bpu_cores", model) for core in value]


def _check(model: ModelFacts, core_count: int | None, overrides: Overrides) -> None:
    priority = overrides.get("priority", 0)
    if not 0 <= priority <= _MAX_PRIORITY:
        _refuse(model, f"priority {priority} is out of range; it is 0 to 255")
    cores = overrides.get("bpu_cores", [])
    if cores in ([], [-1]):
        return
    for core in cores:
        if not 0 <= core <= _MAX_CORE:
            _refuse(model, f"bpu_cores {cores} is not valid: cores are 0 to 3, and [-1] or [] for automatic")
    missing = [core for core in cores if core_count is not None and core >= core_count]
    # A model for one core runs on any of those that are listed: one of them has to exist.
    if missing and (model.cores >= 2 or len(missing) == len(cores)):
        _refuse(model, f"bpu_cores {cores}: this SoC has no core {missing[0]}; it has {core_count}, counted from 0")
    if model.cores >= 2 and len(set(cores)) != model.cores:
        _refuse(
            model,
            f"was compiled for {model.cores} cores and needs exactly that many in bpu_cores, given {cores}; "
            "[-1] chooses the first ones",
        )


def _refuse(model: ModelFacts, text: str) -> None:
    raise InputError(f"model '{model.name}': {text}", model=model.name)
