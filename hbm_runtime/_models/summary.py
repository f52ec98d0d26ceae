"""A runtime as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._core import driver_info
from .tensor_document import tensor_document

if TYPE_CHECKING:
    from .._running.scheduling import SchedParam
    from .model import Model


def summarise(
    files: Mapping[str, str], models: Iterable[Model], scheduling: Mapping[str, SchedParam]
) -> dict[str, Any]:
    """Describes driver, files and models in dicts, lists, numbers and text.

    Args:
        files: Descriptions of the files, by their paths.
        models: The models.
        scheduling: Scheduling defaults by model name.
    """
    return {
        "driver": dict(driver_info()),
        "files": dict(files),
        "models": {model.name: _model(model, scheduling[model.name]) for model in models},
    }


def _model(model: Model, sched: SchedParam) -> dict[str, Any]:
    return {
        "desc": model.desc,
        "compile_bpu_core_num": model.compile_bpu_core_num,
        "engine": model.engine,
        "engine_reason": model.engine_reason,
        "sched": {
            "priority": sched.priority,
            "custom_id": sched.customId,
            "bpu_cores": sched.bpu_cores,
            "device_id": sched.deviceId,
        },
        "inputs": [tensor_document(info) for info in model.inputs.values()],
        "outputs": [tensor_document(info) for info in model.outputs.values()],
    }
