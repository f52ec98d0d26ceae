"""The protocol's element types, as numpy's and as the driver's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import hbDNNDataType
from ..._errors import UnsupportedError

_DRIVER = {
    "BOOL": "BOOL8", "INT8": "S8", "INT16": "S16", "INT32": "S32", "INT64": "S64", "UINT8": "U8", "UINT16": "U16",
    "UINT32": "U32", "UINT64": "U64", "FP16": "F16", "FP32": "F32", "FP64": "F64",
}  # fmt: skip
_PROTOCOL = {driver: datatype for datatype, driver in _DRIVER.items()}


def element_type(datatype: str) -> hbDNNDataType:
    """Returns the driver's element type. Raises UnsupportedError for text, BF16 and unknown ones."""
    try:
        return hbDNNDataType[_DRIVER[datatype]]
    except KeyError:
        raise UnsupportedError(
            f"tensors of the type {datatype} cannot be used; there are {', '.join(_DRIVER)}"
        ) from None


def numpy_dtype(datatype: str) -> np.dtype[Any]:
    """Returns numpy's dtype. Raises UnsupportedError as `element_type` does."""
    return element_type(datatype).to_dtype()


def datatype_of(element: hbDNNDataType) -> str:
    """Returns the protocol's name of an element type that numpy has."""
    return _PROTOCOL[element.name]
