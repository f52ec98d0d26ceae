"""Element types of the driver's tensors, as the container stores them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


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
        return np.dtype(self.numpy_name).itemsize

    @property
    def numpy_name(self) -> str:
        """Name of the numpy dtype."""
        kind, bits = self.name[0], self.name[1:]
        return "bool" if self is DataType.BOOL8 else {"S": "int", "U": "uint", "F": "float"}[kind] + bits
