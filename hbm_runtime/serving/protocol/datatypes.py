"""The protocol's element types, as the driver's and as numpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime._core import hbDNNDataType
from hbm_runtime._errors import UnsupportedError

_NAMES = {
    "BOOL8": "BOOL", "U8": "UINT8", "U16": "UINT16", "U32": "UINT32", "U64": "UINT64",
    "S8": "INT8", "S16": "INT16", "S32": "INT32", "S64": "INT64", "F16": "FP16", "F32": "FP32", "F64": "FP64",
    "S4": "INT4", "U4": "UINT4",
}  # fmt: skip
"""The protocol's names of the element types, by name of `hbDNNDataType`."""

_ELEMENT_TYPES = {wire: hbDNNDataType[name] for name, wire in _NAMES.items()}
NUMPY = {wire: element.to_dtype() for wire, element in _ELEMENT_TYPES.items() if element.has_dtype}
"""numpy's dtypes by the protocol's names; those of half a byte have none."""

_OF_NUMPY = {dtype: wire for wire, dtype in NUMPY.items()}


def datatype_of(element: hbDNNDataType) -> str:
    """Returns the protocol's name of an element type."""
    return _NAMES[element.name]


def datatype_of_array(array: NDArray[Any]) -> str:
    """Returns the protocol's name of an array's element type."""
    return _OF_NUMPY[array.dtype]


def element_type(datatype: str) -> hbDNNDataType:
    """Returns the driver's element type. Raises UnsupportedError for text, BF16 and unknown ones."""
    if datatype not in _ELEMENT_TYPES:
        raise UnsupportedError(
            f"tensors of the type {datatype!r} cannot be used; there are {', '.join(_ELEMENT_TYPES)}"
        )
    return _ELEMENT_TYPES[datatype]


def numpy_dtype(datatype: str) -> np.dtype[Any]:
    """Returns numpy's dtype. Raises UnsupportedError for what numpy or the driver lacks."""
    return element_type(datatype).to_dtype()
