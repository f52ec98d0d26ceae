"""What each method of the gRPC service does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..access.security import Role
from ..calls.call import Cancellation
from ..dataplane.dataplane import Dataplane
from ..models.control import Control
from ..protocol.messages import message
from .messages import from_document, infer_call, parameters_of, parsed, serialized, serialized_answer


@dataclass(slots=True)
class Call:
    """One call of a method.

    Attributes:
        dataplane: Inference and metadata.
        control: Loading, unloading, shared memory.
        context: grpcio's context.
        local: True if the client is on this machine.
        secure: True if the connection is encrypted or stays on this machine.
    """

    dataplane: Dataplane
    control: Control
    context: Any
    local: bool
    secure: bool


_LONGEST_SECONDS = 1e9

Answer = Callable[[Call, Any], Any]


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        answer: Takes the call and the request; returns the response, perhaps serialized.
        role: What the client needs.
        large: True if the request may be as large as a model.
        serialized: True if it takes the request as serialized bytes.
    """

    answer: Answer
    role: Role = Role.INFER
    large: bool = False
    serialized: bool = False


def _live(_: Call, __: Any) -> Any:
    return message("ServerLiveResponse")(live=True)


def _ready(call: Call, _: Any) -> Any:
    return message("ServerReadyResponse")(ready=call.dataplane.ready)


def _model_ready(call: Call, request: Any) -> Any:
    ready = call.dataplane.model_ready(request.name, request.version)
    return message("ModelReadyResponse")(ready=ready)


def _server_metadata(call: Call, _: Any) -> Any:
    # Only on request: clients refuse more than a few kilobytes of metadata unless they are configured otherwise.
    if any(key == "hbm-host" for key, _ in call.context.invocation_metadata()):
        host = json.dumps(call.dataplane.host()).encode()
        call.context.set_trailing_metadata((("hbm-host-bin", host),))
    return from_document("ServerMetadataResponse", call.dataplane.server_metadata())


def _model_metadata(call: Call, request: Any) -> Any:
    model = call.dataplane.repository.get(request.name, request.version)
    return from_document("ModelMetadataResponse", model.description.metadata)


def _model_config(call: Call, request: Any) -> Any:
    model = call.dataplane.repository.get(request.name, request.version)
    return from_document("ModelConfigResponse", {"config": model.description.config})


def _statistics(call: Call, request: Any) -> Any:
    return from_document("ModelStatisticsResponse", call.dataplane.statistics(request.name, request.version))


def _infer(call: Call, data: bytes) -> bytes:
    cancellation = Cancellation()
    if not call.context.add_callback(cancellation.cancel):
        cancellation.cancel()
    remaining = call.context.time_remaining()
    if remaining is not None and remaining > _LONGEST_SECONDS:  # grpcio's word for no deadline
        remaining = None
    asked = infer_call(data, remaining, local=call.local)
    return serialized_answer(call.dataplane.infer(asked, cancellation))


def _index(call: Call, request: Any) -> Any:
    return from_document("RepositoryIndexResponse", {"models": call.control.index(only_ready=request.ready)})


def _load(call: Call, request: Any) -> Any:
    call.control.load(request.model_name, parameters_of(request.parameters), secure=call.secure)
    return message("RepositoryModelLoadResponse")()


def _unload(call: Call, request: Any) -> Any:
    call.control.unload(request.model_name)
    return message("RepositoryModelUnloadResponse")()


def _memory_status(call: Call, request: Any) -> Any:
    regions = call.control.regions(request.name, local=call.local)
    return from_document("SystemSharedMemoryStatusResponse", {"regions": {each["name"]: each for each in regions}})


def _memory_register(call: Call, request: Any) -> Any:
    call.control.register(request.name, request.key, request.offset, request.byte_size, local=call.local)
    return message("SystemSharedMemoryRegisterResponse")()


def _memory_unregister(call: Call, request: Any) -> Any:
    call.control.unregister(request.name, local=call.local)
    return message("SystemSharedMemoryUnregisterResponse")()


def _empty(name: str) -> Answer:
    return lambda _, __: message(name)()


def answer_of(method: Method, call: Call, request_class: Any, data: bytes) -> bytes:
    """Answers a serialized request.

    Raises:
        HbmError: It is no such request, there is no memory left for it, or it fails.
    """
    with call.dataplane.budget.lease() as lease:
        lease.take(len(data))
        return serialized(method.answer(call, data if method.serialized else parsed(request_class, data)))


METHODS = {
    "ServerLive": Method(_live, Role.NONE),
    "ServerReady": Method(_ready, Role.NONE),
    "ModelReady": Method(_model_ready),
    "ServerMetadata": Method(_server_metadata),
    "ModelMetadata": Method(_model_metadata),
    "ModelConfig": Method(_model_config),
    "ModelStatistics": Method(_statistics),
    "ModelInfer": Method(_infer, serialized=True),
    "RepositoryIndex": Method(_index),
    "RepositoryModelLoad": Method(_load, Role.CONTROL, large=True),
    "RepositoryModelUnload": Method(_unload, Role.CONTROL),
    "SystemSharedMemoryStatus": Method(_memory_status),
    "SystemSharedMemoryRegister": Method(_memory_register),
    "SystemSharedMemoryUnregister": Method(_memory_unregister),
    # perf_analyzer calls these two at its start, whether there is a GPU or not.
    "CudaSharedMemoryStatus": Method(_empty("CudaSharedMemoryStatusResponse")),
    "CudaSharedMemoryUnregister": Method(_empty("CudaSharedMemoryUnregisterResponse")),
}
