"""What a model is, in the words of the protocol, and what the protocol has no word for as JSON text."""

from __future__ import annotations

import ast
import json
from typing import Any

from hbm_runtime import HB_HBMRuntime, TensorInfo, driver_info
from hbm_runtime._models.tensor_document import tensor_document

from ..protocol.datatypes import datatype_of

PLATFORM = "hbm_runtime"


def tensor_entries(infos: list[TensorInfo]) -> list[dict[str, Any]]:
    """Returns tensors as the protocol's metadata lists them."""
    return [
        {"name": info.name, "datatype": datatype_of(info.dtype), "shape": [int(size) for size in info.shape]}
        for info in infos
    ]


def model_config(name: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the part of Triton's model configuration that follows from the tensors."""

    def entry(tensor: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": tensor["name"],
            "data_type": _config_type(tensor["datatype"]),
            "dims": tensor["shape"],
        }

    return {
        "name": name,
        "platform": PLATFORM,
        "backend": PLATFORM,
        "max_batch_size": 0,
        "input": [entry(tensor) for tensor in inputs],
        "output": [entry(tensor) for tensor in outputs],
    }


def _config_type(datatype: str) -> str:
    # Triton's configuration has no types of four bits.
    return "TYPE_" + {"INT4": "INT8", "UINT4": "UINT8"}.get(datatype, datatype)


def extended_description(runtime: HB_HBMRuntime, model: str) -> str:
    """Returns the JSON text of the parameter ``hbm``: quantisation, strides, cores, descriptions."""
    view = runtime.model(model)
    return json.dumps(
        {
            "description": view.desc,
            "compile_bpu_core_num": view.compile_bpu_core_num,
            "march": driver_info()["soc"],
            "engine": view.engine,
            "engine_reason": view.engine_reason,
            "inputs": {info.name: _tensor(info) for info in view.inputs.values()},
            "outputs": {info.name: _tensor(info) for info in view.outputs.values()},
        }
    )


def own_metadata(description: str) -> str:
    """Returns a model's own metadata as the literal of a Python value; "" where it has none.

    Ultralytics evaluates the text with `ast.literal_eval`, so text that is no literal becomes one.
    """
    try:
        document = json.loads(description)
    except ValueError:
        document = None
    if isinstance(document, dict) and document.get("format") == "onnx":
        return repr(document["metadata"]) if document.get("metadata") else ""
    if document is not None:
        return repr(document)
    try:
        ast.literal_eval(description)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return repr(description) if description else ""
    return description


def _tensor(info: TensorInfo) -> dict[str, Any]:
    return tensor_document(info) | {"description": info.desc}  # as clients of 1.0 read it
