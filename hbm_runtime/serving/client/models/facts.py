"""The metadata of a server's models, in the form of `HB_HBMRuntime`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hbm_runtime._core import QuantParams, hbDNNDataType, hbDNNQuantiType
from hbm_runtime._enums import unknown_member
from hbm_runtime._errors import HbmError

from ...protocol.datatypes import element_type
from ..transports.server_errors import broken_answer
from ..transports.servers import Servers
from ..transports.wire import Control, Document


@dataclass(frozen=True)
class TensorFacts:
    """One input or output.

    Attributes:
        name: Its name.
        dtype: Its element type.
        shape: Its dimensions, -1 for dynamic ones.
        strides: Strides of the server's device memory, in bytes; arrays are sent and received dense.
        quant: How it is quantised.
        desc: Its description.
        dim_names: Names of symbolic dimensions, "" for others.
        alignment: Bytes at whose multiples rows begin.
        storage_nbytes: Bytes of device memory; -1 if they depend on the shape.
    """

    name: str
    dtype: hbDNNDataType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    quant: QuantParams
    desc: str
    dim_names: tuple[str, ...]
    alignment: int
    storage_nbytes: int


@dataclass(frozen=True)
class ModelFacts:
    """One model: name, description, compile-time cores, tensors in the model's order, and what computes it."""

    name: str
    desc: str
    cores: int
    inputs: Mapping[str, TensorFacts]
    outputs: Mapping[str, TensorFacts]
    engine: str
    engine_reason: str


def ready_models(servers: Servers, control: Control) -> list[str]:
    """Returns the names of the models that can be run, in the server's order.

    Raises:
        UnsupportedError: The server does not list its models.
    """
    try:
        listed = servers.read("index", {"ready": True}, control)["models"]
    except KeyError:
        return []
    names: list[str] = []
    for model in listed if isinstance(listed, list) else []:
        if model.get("state", "READY") == "READY" and model["name"] not in names:
            names.append(model["name"])
    return names


def facts_of(servers: Servers, model: str, control: Control) -> ModelFacts:
    """Asks for one model."""
    metadata = servers.read("metadata", {"name": model}, control)
    details = _details(metadata.get("parameters"))
    if details is None:
        try:
            details = _details(servers.read("config", {"name": model}, control).get("parameters"))
        except HbmError:
            details = None  # the extension is optional
    details = details or {}
    try:
        return ModelFacts(
            model,
            str(details.get("description", "")),
            int(details.get("compile_bpu_core_num", 1)),
            _tensors(metadata.get("inputs", ()), details.get("inputs")),
            _tensors(metadata.get("outputs", ()), details.get("outputs")),
            str(details.get("engine", "")),
            str(details.get("engine_reason", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        address = servers.all[0].transport.address
        raise broken_answer(address, f"metadata of model '{model}': {type(error).__name__}: {error}") from error


def _details(parameters: Any) -> Document | None:
    """Reads what this package's servers put into the parameter "hbm"."""
    text = parameters.get("hbm") if isinstance(parameters, Mapping) else None
    if isinstance(text, Mapping):
        text = text.get("string_value")
    try:
        details = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return details if isinstance(details, dict) else None


def _tensors(listed: Sequence[Document], details: Any) -> dict[str, TensorFacts]:
    more: Document = details if isinstance(details, dict) else {}
    tensors = [_tensor(each, more.get(each["name"], {})) for each in listed]
    return {tensor.name: tensor for tensor in tensors}


def _tensor(listed: Document, more: Document) -> TensorFacts:
    shape = tuple(int(size) for size in (more["shape"] if "shape" in more else listed["shape"]))
    dtype = _element_type(more["dtype"]) if "dtype" in more else element_type(listed["datatype"])
    return TensorFacts(
        listed["name"],
        dtype,
        shape,
        tuple(int(step) for step in more["strides"]) if "strides" in more else _dense(shape, dtype),
        _quant(more.get("quant", {})),
        str(more.get("desc", more.get("description", ""))),
        tuple(more.get("dim_names", ())) or ("",) * len(shape),
        int(more.get("alignment", 1)),
        _storage(more, shape, dtype),
    )


def _element_type(name: str) -> hbDNNDataType:
    if name.startswith("UNKNOWN_"):  # the server's driver is newer than its module
        return unknown_member(hbDNNDataType, int(name.removeprefix("UNKNOWN_")))
    return hbDNNDataType[name]


def _storage(more: Document, shape: Sequence[int], dtype: hbDNNDataType) -> int:
    if "storage_nbytes" in more:
        return -1 if more["storage_nbytes"] is None else int(more["storage_nbytes"])
    return -1 if -1 in shape else math.prod(shape) * _item_size(dtype)


def _dense(shape: Sequence[int], dtype: hbDNNDataType) -> tuple[int, ...]:
    """Strides in C order; -1 where they depend on a dynamic dimension."""
    item = _item_size(dtype)
    inner = [shape[index + 1 :] for index in range(len(shape))]
    return tuple(-1 if -1 in sizes else math.prod(sizes) * item for sizes in inner)


def _item_size(dtype: hbDNNDataType) -> int:
    return dtype.to_dtype().itemsize if dtype.has_dtype else 0


def _quant(details: Document) -> QuantParams:
    return QuantParams(
        scale=details.get("scale") or None,
        zero_point=details.get("zero_point") or None,
        quant_type=hbDNNQuantiType[details.get("type", "NONE")],
        axis=details.get("axis"),
    )
