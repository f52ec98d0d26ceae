"""HTTP bodies to the dataplane's calls and back: JSON, and JSON followed by the tensors' bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hbm_runtime import InputError

from ..calls.call import (
    InferAnswer,
    InferCall,
    InputTensor,
    OutputTensor,
    Parameter,
    RequestedOutput,
    check_wish,
    region_slice,
    shared_parameters,
)

HEADER_LENGTH = "inference-header-content-length"


_ENCODER = json.JSONEncoder(separators=(",", ":"))
NO_PARAMETERS = "parameters must be an object of numbers, text, true and false"


def is_parameters(value: object) -> bool:
    """Returns True for what JSON may have as a request's or a tensor's parameters."""
    return isinstance(value, dict) and all(isinstance(each, (bool, int, float, str)) for each in value.values())


def json_object(body: bytes | memoryview) -> dict[str, Any]:
    """Reads a JSON object; an empty body is an empty one.

    Raises:
        InputError: It is none.
    """
    if not len(body):
        return {}
    try:
        document = json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise InputError("the body is not valid JSON") from None
    if not isinstance(document, dict):
        raise InputError("the body is not a JSON object")
    return document


def infer_call(model: str, version: str, body: bytes, header_length: str | None, *, local: bool) -> InferCall:
    """Reads the body of an inference request.

    Args:
        model: Name of the model.
        version: Version asked for, or "".
        body: The body.
        header_length: The header ``Inference-Header-Content-Length``; None: the body is JSON as a whole.
        local: True if the client is on this machine.

    Raises:
        InputError: The body is no such request.
    """
    view = memoryview(body)
    length = json_length(body, header_length)
    document = _Reader(model, json_object(view[:length]))
    binary = view[length:]
    inputs = []
    for tensor in document.objects("inputs"):
        read, used = _input(tensor, binary)
        inputs.append(read)
        binary = binary[used:]
    if len(binary):
        raise InputError(f"model '{model}': {len(binary)} bytes at the end of the body belong to no input", model=model)
    parameters = document.parameters()
    all_binary = parameters.pop("binary_data_output", False) is True
    outputs = [_wish(wish, all_binary) for wish in document.objects("outputs")]
    call = InferCall(model, version, document.text("id", ""), parameters, inputs, outputs, None, local)
    call.binary_outputs = all_binary
    return call


def json_length(body: bytes, header_length: str | None) -> int:
    """Returns how many bytes of the body of a request are JSON, as its header says.

    Raises:
        InputError: The header is no such number.
    """
    text, available = header_length, len(body)
    if text is None:
        return available
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or int(text) > available:
        raise InputError(f"Inference-Header-Content-Length is {text[:40]!r}; the body has {available} bytes")
    return int(text)


def _input(tensor: _Reader, binary: memoryview) -> tuple[InputTensor, int]:
    """Reads one input, and how many of the bytes behind the header it uses."""
    read = InputTensor(tensor.text("name"), tensor.text("datatype"), tensor.items("shape"))
    parameters = tensor.parameters()
    read.shared = region_slice(parameters)
    size = parameters.get("binary_data_size")
    if size is None:
        read.values = tensor.items("data") if read.shared is None else None
        return read, 0
    if type(size) is not int or not 0 <= size <= len(binary):
        raise tensor.wrong(f"binary_data_size is {size!r}; {len(binary)} bytes are left in the body")
    read.raw = binary[:size]
    return read, size


def _wish(wish: _Reader, all_binary: bool) -> RequestedOutput:
    name, parameters = wish.text("name"), wish.parameters()
    check_wish(name, parameters)
    binary = parameters.get("binary_data", all_binary)
    return RequestedOutput(name, region_slice(parameters), binary is True)


class _Reader:
    """Reads fields of stated types out of a JSON object."""

    def __init__(self, model: str, document: Mapping[str, Any], where: str = "the request") -> None:
        self._model = model
        self._document = document
        self._where = where

    def text(self, name: str, default: str | None = None) -> str:
        value = self._document.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(f"{name} must be text")
        return value

    def items(self, name: str) -> list[Any]:
        value = self._document.get(name)
        if not isinstance(value, list):
            raise self.wrong(f"{name} must be a list")
        return value

    def objects(self, name: str) -> list[_Reader]:
        if name not in self._document:
            return []
        readers = []
        for index, value in enumerate(self.items(name)):
            if not isinstance(value, dict):
                raise self.wrong(f"{name}[{index}] must be an object")
            readers.append(_Reader(self._model, value, f"{name}[{index}]"))
        return readers

    def parameters(self) -> dict[str, Parameter]:
        value = self._document.get("parameters", {})
        if not is_parameters(value):
            raise self.wrong(NO_PARAMETERS)
        return dict(value)

    def wrong(self, text: str) -> InputError:
        return InputError(f"model '{self._model}', {self._where}: {text}", model=self._model)


def infer_body(answer: InferAnswer, call: InferCall) -> tuple[list[bytes | memoryview], int | None]:
    """Returns the parts of the body of an answer, and the length of its JSON header if bytes follow.

    Elements are not copied: the parts look at the outputs.
    """
    wishes = {wish.name: wish.binary for wish in call.outputs}
    entries: list[dict[str, Any]] = []
    parts: list[bytes | memoryview] = []
    for output in answer.outputs:
        entry: dict[str, Any] = {"name": output.name, "datatype": output.datatype, "shape": list(output.shape)}
        if output.shared is not None:
            # Triton's C++ client looks for the size in all parameters that there are.
            entry["parameters"] = {**shared_parameters(output.shared), "binary_data_size": 0}
        elif wishes.get(output.name, call.binary_outputs):
            assert output.array is not None
            parts.append(np.ascontiguousarray(output.array).reshape(-1).view(np.uint8).data)
            entry["parameters"] = {"binary_data_size": output.array.nbytes}
        else:
            entry["data"] = _values(output)
        entries.append(entry)
    document: dict[str, Any] = {
        "model_name": answer.model,
        "model_version": answer.version,
        "parameters": answer.parameters,
        "outputs": entries,
    }
    if answer.request_id:
        document["id"] = answer.request_id
    header = _ENCODER.encode(document).encode()
    return [header, *parts], len(header) if parts else None


def _values(output: OutputTensor) -> Sequence[Any]:
    assert output.array is not None
    values: list[Any] = np.ascontiguousarray(output.array).reshape(-1).tolist()
    return values
