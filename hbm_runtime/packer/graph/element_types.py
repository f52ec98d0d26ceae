"""ONNX element types as the driver's data types."""

from __future__ import annotations

import onnx
from onnx import TensorProto

from hbm_runtime.packer.container import DataType

DATA_TYPES: dict[int, DataType] = {
    TensorProto.INT8: DataType.S8,
    TensorProto.UINT8: DataType.U8,
    TensorProto.FLOAT16: DataType.F16,
    TensorProto.INT16: DataType.S16,
    TensorProto.UINT16: DataType.U16,
    TensorProto.FLOAT: DataType.F32,
    TensorProto.INT32: DataType.S32,
    TensorProto.UINT32: DataType.U32,
    TensorProto.DOUBLE: DataType.F64,
    TensorProto.INT64: DataType.S64,
    TensorProto.UINT64: DataType.U64,
    TensorProto.BOOL: DataType.BOOL8,
}

ONNX_TYPES: dict[DataType, int] = {data: onnx_type for onnx_type, data in DATA_TYPES.items()}

ENGINE_TYPES: dict[str, int] = {f"tensor({name.lower()})": number for name, number in TensorProto.DataType.items()}
"""Element types by the engine's words for tensors of them."""


def type_name(element_type: int) -> str:
    """Name of an ONNX element type for messages."""
    return str(onnx.TensorProto.DataType.Name(element_type))
