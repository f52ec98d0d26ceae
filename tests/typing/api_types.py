"""The types that users' code sees: models, tensors, running. Checked by mypy and pyright, never run."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import hbm_runtime
from hbm_runtime import (
    HB_HBMRuntime,
    InferRequest,
    Model,
    QuantParam,
    QuantParams,
    QuantScheme,
    SchedParam,
    Shape,
    TensorInfo,
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
one.run(frame, name="m")  # type: ignore[call-arg]

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

assert_type(hbm_runtime.__version__, str)

view = one["m"]
assert_type(view, Model)
assert_type(one.model("m"), Model)
assert_type((view.name, view.desc), tuple[str, str])
assert_type(view.compile_bpu_core_num, int)
assert_type(view.is_dynamic, bool)
assert_type(view.engine, str)
assert_type(view.engine_reason, str)
assert_type(view.run(frame, priority={"m": 3}), dict[str, NDArray[Any]])
assert_type(view.run_async([frame]), InferRequest[dict[str, NDArray[Any]]])
assert_type(view.empty_inputs({"x": (2, 3)}), dict[str, NDArray[Any]])
assert_type(view.empty_outputs(), dict[str, NDArray[Any]])
assert_type(view.infer_shapes({"x": [2, 3]}), dict[str, tuple[int, ...]])
assert_type(one.infer_shapes("m", {"x": [2, 3]}), dict[str, tuple[int, ...]])
assert_type(view.inputs["x"], TensorInfo)

info = view.outputs[0]
assert_type((info.name, info.desc), tuple[str, str])
assert_type((info.index, info.rank), tuple[int, int])
assert_type(info.shape, Shape)
dimensions: tuple[int, ...] = info.shape
assert_type((info.shape.rank, info.shape.size), tuple[int, int])
assert_type((info.shape.names, info.shape.strides), tuple[tuple[str, ...], tuple[int, ...]])
assert_type(info.shape.dynamic, bool)
assert_type(info.shape.is_compatible((2, 3)), bool)
assert_type(info.strides, tuple[int, ...])
assert_type(info.alignment, int)
assert_type((info.storage_nbytes, info.padding), tuple[int | None, int | None])
assert_type(info.scheme, QuantScheme | None)
if info.scheme is not None:
    assert_type(info.scheme.per_channel, bool)
    assert_type(info.scheme.param, QuantParam)
    assert_type((info.scheme[0].scale, info.scheme[0].zero_point), tuple[float, int])
assert_type(info.dtype.to_dtype(), np.dtype[Any])
assert_type(hbDNNDataType.from_dtype("int8"), hbDNNDataType)
assert_type(info.dim_names, tuple[str, ...])
assert_type(info.dtype, hbDNNDataType)
assert_type(info.np_dtype, np.dtype[Any])
assert_type(info.quant, QuantParams)
assert_type(info.is_dynamic, bool)
assert_type((info.size, info.nbytes), tuple[int | None, int | None])
assert_type(info.accepts((2, 3)), bool)
assert_type(info.dequantize(np.zeros((2, 3), np.int8)), NDArray[np.float32])
assert_type(info.quantize(frame), NDArray[Any])

one.reload("m", Path("new.hbm"))
assert_type(one.closed, bool)
one.close()
with HB_HBMRuntime(
    "model.hbm",
    threads=2,
    cpu_affinity=[0],
    flush_denormals=True,
    save_memory=True,
    profile_operators=True,
    keep=["relu"],
) as scoped:
    assert_type(scoped, HB_HBMRuntime)
