"""ONNX element types as the driver's data types."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.helper
from onnx import TensorProto

from hbm_runtime.packer.container import DataType

DATA_TYPES: dict[int, DataType] = {
    onnx.helper.np_dtype_to_tensor_dtype(np.dtype(each.numpy_name)): each for each in DataType
}

ONNX_TYPES: dict[DataType, int] = {data: onnx_type for onnx_type, data in DATA_TYPES.items()}

ENGINE_TYPES: dict[str, int] = {f"tensor({name.lower()})": number for name, number in TensorProto.DataType.items()}
"""Element types by the engine's words for tensors of them."""


def type_name(element_type: int) -> str:
    """Name of an ONNX element type for messages."""
    return str(onnx.TensorProto.DataType.Name(element_type))
