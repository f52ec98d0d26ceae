"""gRPC's messages to the dataplane's calls and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError

from ..calls.call import (
    InferAnswer,
    InferCall,
    InputTensor,
    Parameter,
    RequestedOutput,
    check_wish,
    region_slice,
    shared_parameters,
)
from ..failures import Kind, RefusedError
from ..protocol.grpc_wire import RAW_INPUTS, RAW_OUTPUTS, with_raw_contents, without_raw_contents
from ..protocol.messages import message

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}
"""The field of ``InferTensorContents`` for each element type; FP16 has none."""


def parsed(request_class: Any, data: bytes) -> Any:
    """Parses a message of some class.

    Raises:
        RefusedError: It is no such message.
    """
    try:
        return request_class.FromString(data)
    except DecodeError:
        raise RefusedError(Kind.INVALID, "the message is no serialized request of this method") from None


def infer_call(data: bytes, time_limit: float | None, *, local: bool) -> InferCall:
    """Reads a serialized ``ModelInferRequest``. The call's tensors look at `data`.

    Raises:
        RefusedError: Parts of the message contradict each other.
    """
    request, raw = _request_and_raw_inputs(data)
    inputs = []
    used = 0
    for tensor in request.inputs:
        parameters = parameters_of(tensor.parameters)
        shared = region_slice(parameters)
        read = InputTensor(tensor.name, tensor.datatype, list(tensor.shape), shared=shared)
        if shared is None and raw:
            if used < len(raw):
                read.raw = raw[used]
            used += 1
        elif shared is None and tensor.datatype in _CONTENTS:
            read.values = getattr(tensor.contents, _CONTENTS[tensor.datatype])
        inputs.append(read)
    if raw and used != len(raw):
        raise RefusedError(
            Kind.INVALID,
            f"{used} inputs need their bytes in raw_input_contents, which has {len(raw)} entries",
            reported_class="InputError",
            model=request.model_name[:200],
        )
    outputs = [_wish(wish) for wish in request.outputs]
    return InferCall(
        request.model_name,
        request.model_version,
        request.id,
        parameters_of(request.parameters),
        inputs,
        outputs,
        time_limit,
        local,
    )


def _request_and_raw_inputs(data: bytes) -> tuple[Any, Sequence[bytes | memoryview]]:
    parts = without_raw_contents(data, RAW_INPUTS)
    if parts is None:
        whole = parsed(message("ModelInferRequest"), data)
        return whole, whole.raw_input_contents
    return parsed(message("ModelInferRequest"), parts[0]), parts[1]


def _wish(wish: Any) -> RequestedOutput:
    parameters = parameters_of(wish.parameters)
    check_wish(wish.name, parameters)
    return RequestedOutput(wish.name, region_slice(parameters))


def parameters_of(fields: Any) -> dict[str, Parameter]:
    """Reads a map of ``InferParameter`` or ``ModelRepositoryParameter``; entries without a value are left out."""
    read = {}
    for name, value in fields.items():
        kind = value.WhichOneof("parameter_choice")
        if kind is not None:
            read[name] = getattr(value, kind)
    return read


def set_parameters(fields: Any, parameters: Mapping[str, Parameter]) -> None:
    """Fills a map of ``InferParameter``."""
    for name, value in parameters.items():
        entry = fields[name]
        if isinstance(value, bool):
            entry.bool_param = value
        elif isinstance(value, int):
            entry.int64_param = value
        elif isinstance(value, float):
            entry.double_param = value
        else:
            entry.string_param = value


def serialized_answer(answer: InferAnswer) -> bytes:
    """Returns a serialized ``ModelInferResponse``, for which the elements of the outputs are copied once."""
    head = message("ModelInferResponse")(model_name=answer.model, model_version=answer.version, id=answer.request_id)
    set_parameters(head.parameters, answer.parameters)
    contents: list[bytes | memoryview] = []
    for output in answer.outputs:
        tensor = head.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        if output.shared is not None:
            set_parameters(tensor.parameters, shared_parameters(output.shared))
            contents.append(b"")  # as Triton does: its clients look at the bytes of every output
            continue
        assert output.array is not None
        contents.append(np.ascontiguousarray(output.array).reshape(-1).view(np.uint8).data)
    return with_raw_contents(head.SerializeToString(), RAW_OUTPUTS, contents)


def from_document(name: str, document: Mapping[str, Any]) -> Any:
    """Makes a message from a dict by the protocol's names of fields; others are left out."""
    return ParseDict(dict(document), message(name)(), ignore_unknown_fields=True)


def serialized(reply: Any) -> bytes:
    """Returns the bytes of a reply, which may be serialized already."""
    return reply if isinstance(reply, bytes) else reply.SerializeToString()
