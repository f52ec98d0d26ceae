"""A runtime as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core import driver_info

if TYPE_CHECKING:
    from .._runtime import HB_HBMRuntime
    from .model import TensorInfo


def summarise(runtime: HB_HBMRuntime) -> dict[str, Any]:
    """Describes driver, files and models of a runtime in dicts, lists, numbers and text."""
    return {
        "driver": dict(driver_info()),
        "files": runtime.hbm_descs,
        "models": {name: _model(runtime, name) for name in runtime.model_names},
    }


def _model(runtime: HB_HBMRuntime, name: str) -> dict[str, Any]:
    view = runtime.model(name)
    sched = runtime.sched_params[name]
    return {
        "desc": view.desc,
        "compile_bpu_core_num": view.compile_bpu_core_num,
        "sched": {
            "priority": sched.priority,
            "custom_id": sched.customId,
            "bpu_cores": sched.bpu_cores,
            "device_id": sched.deviceId,
        },
        "inputs": [_tensor(info) for info in view.inputs.values()],
        "outputs": [_tensor(info) for info in view.outputs.values()],
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
