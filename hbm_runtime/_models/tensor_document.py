"""A tensor as JSON: in `HB_HBMRuntime.summary`, in ``model_info --json``, and in the reports of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor_info import TensorInfo


def tensor_document(info: TensorInfo) -> dict[str, Any]:
    """Returns the attributes of a `TensorInfo` under their own names, as dicts, lists, numbers and text."""
    return {
        "name": info.name,
        "desc": info.desc,
        "dtype": info.dtype.name,
        "shape": list(info.shape),
        "dim_names": list(info.dim_names),
        "strides": list(info.strides),
        "alignment": info.alignment,
        "storage_nbytes": info.storage_nbytes,
        "quant": {
            "type": info.quant.quant_type.name,
            "axis": info.quant.axis,
            "scale": info.quant.scale.tolist(),
            "zero_point": info.quant.zero_point.tolist(),
        },
    }
