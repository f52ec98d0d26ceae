"""Element types of the driver's tensors, as the container stores them."""

from __future__ import annotations

from enum import IntEnum


class DataType(IntEnum):
    """Values of ``hbDNNDataType`` that a host model may have."""

    S8 = 2
    U8 = 3
    F16 = 4
    S16 = 5
    U16 = 6
    F32 = 7
    S32 = 8
    U32 = 9
    F64 = 10
    S64 = 11
    U64 = 12
    BOOL8 = 13

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return _SIZES[self]

    @property
    def numpy_name(self) -> str:
        """Name of the numpy dtype."""
        return _NUMPY_NAMES[self]


_SIZES = {
    DataType.S8: 1,
    DataType.U8: 1,
    DataType.F16: 2,
    DataType.S16: 2,
    DataType.U16: 2,
    DataType.F32: 4,
    DataType.S32: 4,
    DataType.U32: 4,
    DataType.F64: 8,
    DataType.S64: 8,
    DataType.U64: 8,
    DataType.BOOL8: 1,
}

_NUMPY_NAMES = {
    DataType.S8: "int8",
    DataType.U8: "uint8",
    DataType.F16: "float16",
    DataType.S16: "int16",
    DataType.U16: "uint16",
    DataType.F32: "float32",
    DataType.S32: "int32",
    DataType.U32: "uint32",
    DataType.F64: "float64",
    DataType.S64: "int64",
    DataType.U64: "uint64",
    DataType.BOOL8: "bool",
}
