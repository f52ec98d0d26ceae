"""The types that users' code sees. Checked by mypy, never run."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import hbm_runtime
from hbm_runtime import (
    DriverError,
    DriverNotFoundError,
    HB_HBMRuntime,
    HbmError,
    HbmTimeoutError,
    InputError,
    ModelError,
    QuantParams,
    SchedParam,
    hbDNNDataType,
    hbDNNQuantiType,
)

frame: NDArray[np.float32] = np.ones((2, 3), np.float32)

one = HB_HBMRuntime("model.hbm")
HB_HBMRuntime(b"model.hbm")
HB_HBMRuntime(Path("model.hbm"))
HB_HBMRuntime(model_file="model.hbm")
HB_HBMRuntime(["a.hbm", Path("b.hbm")])
HB_HBMRuntime(model_files=("a.hbm", "b.hbm"))
HB_HBMRuntime(bytearray(b"model"))
HB_HBMRuntime(3)  # type: ignore[arg-type]
HB_HBMRuntime(path="model.hbm")  # type: ignore[call-arg]

assert_type(HB_HBMRuntime.version, str)
assert_type(one.version, str)
assert_type(one.model_names, list[str])
assert_type(one.model_count, int)
assert_type(one.model_descs, dict[str, str])
assert_type(one.hbm_descs, dict[str, str])
assert_type(one.compile_bpu_core_num, dict[str, int])
assert_type(one.input_counts, dict[str, int])
assert_type(one.input_names, dict[str, list[str]])
assert_type(one.input_descs, dict[str, dict[str, str]])
assert_type(one.input_shapes, dict[str, dict[str, list[int]]])
assert_type(one.input_dtypes, dict[str, dict[str, hbDNNDataType]])
assert_type(one.input_quants, dict[str, dict[str, QuantParams]])
assert_type(one.input_strides, dict[str, dict[str, list[int]]])
assert_type(one.output_counts, dict[str, int])
assert_type(one.output_names, dict[str, list[str]])
assert_type(one.output_descs, dict[str, dict[str, str]])
assert_type(one.output_shapes, dict[str, dict[str, list[int]]])
assert_type(one.output_dtypes, dict[str, dict[str, hbDNNDataType]])
assert_type(one.output_quants, dict[str, dict[str, QuantParams]])
assert_type(one.output_strides, dict[str, dict[str, list[int]]])
assert_type(one.sched_params, dict[str, SchedParam])
one.model_count = 3  # type: ignore[misc]

Result = dict[str, dict[str, NDArray[Any]]]
assert_type(one.run(frame), Result)
assert_type(one.run({"x": frame}), Result)
assert_type(one.run({"m": {"x": frame}}), Result)
assert_type(one.run(OrderedDict(x=frame)), Result)
assert_type(one.run(input_tensor=frame, model_name="m"), Result)
assert_type(one.run(input_tensors={"x": frame}, priority={"m": 3}, bpu_cores={"m": [0, 1]}), Result)
assert_type(one.run(multi_input_tensors={"m": {"x": frame}}, custom_id={"m": 1}, device_id={"m": 0}), Result)
one.run(frame, name="m")  # type: ignore[call-overload]
one.run()  # type: ignore[call-overload]

one.set_scheduling_params()
one.set_scheduling_params(priority={"m": 200}, bpu_cores={"m": [0]}, custom_id={"m": 1}, device_id={"m": 0})
one.set_scheduling_params({"m": 200}, None, {"m": 1})

quant = one.output_quants["m"]["y"]
assert_type(quant.scale, NDArray[np.float32])
assert_type(quant.zero_point, NDArray[np.int32])
assert_type(quant.quant_type, hbDNNQuantiType)
assert_type(quant.axis, int)
quant.axis = 3  # type: ignore[misc]

param = SchedParam()
param.priority = 3
param.priority = {"m": 3}
param.customId = {"m": 3}
param.bpu_cores = [0, 1]
param.bpu_cores = {"m": [0, 1]}
param.deviceId = 0
param.priority = "high"  # type: ignore[assignment]

value: int = hbDNNDataType.F32.value
name: str = hbDNNDataType.F32.name
assert_type(hbDNNDataType(7), hbDNNDataType)
assert_type(hbDNNDataType["F32"], hbDNNDataType)
assert_type(int(hbDNNQuantiType.SCALE), int)
table: list[int] = [1, 2]
assert_type(table[hbDNNQuantiType.SCALE], int)

error: HbmError = InputError("text")
value_error: ValueError = InputError("text")
time_error: TimeoutError = HbmTimeoutError("text")
families: list[type[HbmError]] = [DriverError, DriverNotFoundError, InputError, ModelError]
assert_type(error.function, str | None)
assert_type(error.status, int | None)
assert_type(error.status_name, str | None)
assert_type(error.model, str | None)
assert_type(error.tensor, str | None)

assert_type(hbm_runtime.__version__, str)
assert_type(hbm_runtime.driver_info(), dict[str, str])

stored = np.zeros((2, 3), np.int8)
pixels = np.zeros((4, 6, 3), np.uint8)
assert_type(hbm_runtime.dequantize(stored, quant), NDArray[np.float32])
assert_type(hbm_runtime.dequantize(stored, {"scale": 0.5}, out=frame), NDArray[np.float32])
assert_type(hbm_runtime.quantize(frame, quant, hbDNNDataType.S8), NDArray[Any])
assert_type(hbm_runtime.quantize(frame, quant, "int8", out=stored), NDArray[Any])
assert_type(one["m"].outputs["y"].dequantize(stored), NDArray[np.float32])
hbm_runtime.dequantize([1, 2], quant)  # type: ignore[arg-type]
hbm_runtime.quantize(frame, quant)  # type: ignore[call-arg]
assert_type(QuantParams(scale=0.5, zero_point=[1], axis=-1), QuantParams)
QuantParams(0.5)  # type: ignore[call-arg]

Pixels = NDArray[np.uint8]
assert_type(hbm_runtime.image.bgr_to_nv12(pixels, range="video"), tuple[Pixels, Pixels])
assert_type(hbm_runtime.image.nv12_to_rgb(pixels, pixels), Pixels)
assert_type(hbm_runtime.image.letterbox(pixels, (6, 4)), tuple[Pixels, hbm_runtime.image.Letterbox])
hbm_runtime.image.bgr_to_nv12(pixels, range="limited")  # type: ignore[arg-type]

HB_HBMRuntime("model.secret", passphrase="words")
HB_HBMRuntime("model.secret", passphrase=3)  # type: ignore[arg-type]
assert_type(hbm_runtime.encryption.decrypt_to_memory("model.secret", b"words"), bytearray)
