"""A runtime as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._core import driver_info

if TYPE_CHECKING:
    from .._running.scheduling import SchedParam
    from .model import Model
    from .tensor_info import TensorInfo


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
        "inputs": [_tensor(info) for info in model.inputs.values()],
        "outputs": [_tensor(info) for info in model.outputs.values()],
    }


def _tensor(info: TensorInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "desc": info.desc,
        "dtype": info.dtype.name,
        "shape": list(info.shape),
        "dim_names": list(info.dim_names),
        "strides": list(info.strides),
        "quant": {
            "type": info.quant.quant_type.name,
            "axis": info.quant.axis,
            "scale": info.quant.scale.tolist(),
            "zero_point": info.quant.zero_point.tolist(),
        },
    }
