"""One server over gRPC, with the messages of tritonclient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hbm_runtime._errors import HbmError, HbmTimeoutError, UnsupportedError
from hbm_runtime._future_errors import HbmCancelledError
from hbm_runtime._signals import signals_blocked

from ...protocol.datatypes import numpy_dtype
from ...protocol.grpc_wire import RAW_INPUTS, RAW_OUTPUTS, with_raw_contents, without_raw_contents
from .address import Address
from .credentials import Credentials
from .library import load
from .server_errors import (
    broken_answer,
    details_of,
    is_refused_stream,
    network_error,
    refusal_of_library,
    server_error,
)
from .wire import Array, Control, Document, InferCall, InferReply, Parameter, Placement

_RPCS = {
    "server": "ServerMetadata",
    "ready": "ServerReady",
    "index": "RepositoryIndex",
    "metadata": "ModelMetadata",
    "config": "ModelConfig",
    "statistics": "ModelStatistics",
    "load": "RepositoryModelLoad",
    "unload": "RepositoryModelUnload",
    "regions": "SystemSharedMemoryStatus",
    "register": "SystemSharedMemoryRegister",
    "unregister": "SystemSharedMemoryUnregister",
}

_CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents",
}  # fmt: skip

_CONNECT_MS = 5000
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A server that comes back is found soon, and one that does not answer is given up.
    ("grpc.min_reconnect_backoff_ms", _CONNECT_MS),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # Servers of other makes end connections that are pinged more often than this.
    ("grpc.keepalive_time_ms", 300_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Channels to one server are apart, so that closing one runtime does not touch another's connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    # This package's servers report their machine as metadata, too.
    ("grpc.max_metadata_size", 1 << 22),
    ("grpc.absolute_max_metadata_size", 1 << 22),
)
Metadata = tuple[tuple[str, str], ...]
_NOT_CONNECTED = "failed to connect to all addresses"


class GrpcTransport:
    """See `wire.Transport`."""

    def __init__(self, address: Address, credentials: Credentials, compression: str | None) -> None:
        self.address = address
        self._credentials = credentials
        self._grpc = load("grpc")
        self._json = load("google.protobuf.json_format")
        self._decode_error = load("google.protobuf.message").DecodeError
        load("tritonclient")
        # Not tritonclient's own modules: they cannot be imported beside those of other packages for this protocol.
        self._messages = load("hbm_runtime.serving.protocol.messages")
        self._compression = {
            None: self._grpc.Compression.NoCompression,
            "gzip": self._grpc.Compression.Gzip,
            "deflate": self._grpc.Compression.Deflate,
        }[compression]
        with signals_blocked():
            if address.is_encrypted:
                security = credentials.channel_credentials()
                self._channel = self._grpc.secure_channel(address.netloc, security, options=_OPTIONS)
            else:
                self._channel = self._grpc.insecure_channel(address.netloc, options=_OPTIONS)
        self._methods = {name: self._method(name) for name in _RPCS.values()}
        self._methods["ModelInfer"] = self._channel.unary_unary(f"/{self._messages.SERVICE}/ModelInfer")  # bytes

    def infer(self, call: InferCall, control: Control) -> InferReply:
        """See `wire.Transport.infer`."""
        data, _ = self._call("ModelInfer", self._request_of(call), control)
        return self._reply_of(data)

    def request(self, what: str, document: Document, control: Control) -> Document:
        """See `wire.Transport.request`."""
        rpc = _RPCS[what]
        message = self._messages.message(f"{rpc}Request")()
        if what == "load":
            self._fill_load(message, document)
        else:
            self._json.ParseDict(document, message)
        response, _ = self._call(rpc, message, control)
        answer: Document = self._json.MessageToDict(response, preserving_proto_field_name=True)
        if what == "regions":
            return {"regions": list(answer.get("regions", {}))}
        return dict(answer["config"]) if what == "config" else answer

    def host(self, control: Control) -> Document | None:
        """See `wire.Transport.host`."""
        message = self._messages.message("ServerMetadataRequest")()
        _, trailing = self._call("ServerMetadata", message, control, (("hbm-host", "1"),))
        found = details_of(trailing.get("hbm-host-bin"))
        return found if isinstance(found, dict) else None

    def close(self) -> None:
        """See `wire.Transport.close`."""
        self._channel.close()

    def _method(self, rpc: str) -> Any:
        return self._channel.unary_unary(
            f"/{self._messages.SERVICE}/{rpc}",
            request_serializer=self._messages.message(f"{rpc}Request").SerializeToString,
            response_deserializer=self._messages.message(f"{rpc}Response").FromString,
        )

    def _fill_load(self, message: Any, document: Document) -> None:
        message.model_name = document["model_name"]
        for name, value in document.get("parameters", {}).items():
            if isinstance(value, bytes):
                message.parameters[name].bytes_param = value
            else:
                message.parameters[name].string_param = value

    def _request_of(self, call: InferCall) -> bytes:
        contents = []
        request = self._messages.message("ModelInferRequest")(model_name=call.model)
        for tensor in call.inputs:
            entry = request.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
            if tensor.placement is not None:
                _place(entry.parameters, tensor.placement)
            elif tensor.array is not None:
                contents.append(tensor.array.reshape(-1).view(np.uint8).data)
        for name, placement in (call.outputs or {}).items():
            wanted = request.outputs.add(name=name)
            if placement is not None:
                _place(wanted.parameters, placement)
        for name, value in call.parameters.items():
            _set_parameter(request.parameters[name], value, unsigned=name == "priority")
        return with_raw_contents(request.SerializeToString(), RAW_INPUTS, contents)

    def _reply_of(self, data: bytes) -> InferReply:
        response_class = self._messages.message("ModelInferResponse")
        parts = without_raw_contents(data, RAW_OUTPUTS)
        try:
            response = response_class.FromString(data if parts is None else parts[0])
        except self._decode_error as error:
            raise broken_answer(self.address, "the message is no ModelInferResponse") from error
        raw = response.raw_output_contents if parts is None else parts[1]
        placed = [_parameter(output.parameters, "shared_memory_region") is not None for output in response.outputs]
        # Triton has an entry for each output, an empty one for those in shared memory; others leave these out.
        entries = iter(raw if len(raw) == len(placed) else self._spread(raw, placed))
        outputs: dict[str, Array | None] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for output, in_region in zip(response.outputs, placed, strict=True):
            content = next(entries, None)
            shapes[output.name] = tuple(output.shape)
            outputs[output.name] = None if in_region else self._array_of(output, content)
        return InferReply(outputs, shapes, {name: _value(each) for name, each in response.parameters.items()})

    def _spread(self, raw: Any, placed: list[bool]) -> list[bytes | memoryview | None]:
        given = iter(raw)
        return [None if in_region else next(given, None) for in_region in placed]

    def _array_of(self, output: Any, data: bytes | memoryview | None) -> Array:
        try:
            dtype = numpy_dtype(output.datatype)
            if data is not None:
                return np.frombuffer(data, dtype).reshape(tuple(output.shape)).copy()
            return np.array(getattr(output.contents, _CONTENTS[output.datatype]), dtype).reshape(tuple(output.shape))
        except (ValueError, KeyError, UnsupportedError) as error:
            raise broken_answer(self.address, f"output '{output.name}': {error}") from error

    def _call(self, rpc: str, message: Any, control: Control, metadata: Metadata = ()) -> tuple[Any, Mapping[str, Any]]:
        token = self._credentials.token()
        options = {
            "timeout": control.remaining(),
            "metadata": (*metadata, ("authorization", f"Bearer {token}")) if token else metadata,
            "compression": self._compression,
        }
        try:
            # A future costs a thread.
            ask = self._cancellable if control.cancellable else self._blocking
            response, call = ask(self._methods[rpc], message, options, control)
        except self._grpc.RpcError as error:
            raise self._error_of(error, control) from error
        return response, dict(call.trailing_metadata() or ())

    @staticmethod
    def _blocking(method: Any, message: Any, options: Document, _: Control) -> tuple[Any, Any]:
        response, call = method.with_call(message, **options)
        return response, call

    def _cancellable(self, method: Any, message: Any, options: Document, control: Control) -> tuple[Any, Any]:
        call = method.future(message, **options)
        control.on_cancel(call.cancel)
        try:
            return call.result(), call
        except self._grpc.FutureCancelledError as error:
            control.check()
            raise network_error(self.address, "the connection was closed", may_have_run=True) from error
        except BaseException:
            call.cancel()  # Ctrl-C: the server need not go on
            raise
        finally:
            control.on_cancel(None)

    def _error_of(self, error: Any, control: Control) -> HbmError:
        code, text = error.code(), error.details() or ""
        details = details_of(dict(error.trailing_metadata() or ()).get("hbm-error-bin"))
        if control.cancelled:
            return HbmCancelledError("the request was abandoned")
        if details is None and code is self._grpc.StatusCode.DEADLINE_EXCEEDED:
            return HbmTimeoutError(f"{self.address}: the server did not answer in time")
        if details is None and code in (self._grpc.StatusCode.UNAVAILABLE, self._grpc.StatusCode.CANCELLED):
            unseen = text.startswith(_NOT_CONNECTED) or is_refused_stream(text)
            return network_error(self.address, text, may_have_run=not unseen)
        if details is None and code is self._grpc.StatusCode.RESOURCE_EXHAUSTED:
            details = refusal_of_library(text)
        return server_error(self.address, code.name, text, details)


def _place(parameters: Any, placement: Placement) -> None:
    parameters["shared_memory_region"].string_param = placement.region
    parameters["shared_memory_byte_size"].int64_param = placement.nbytes
    if placement.offset:
        parameters["shared_memory_offset"].int64_param = placement.offset


def _set_parameter(parameter: Any, value: Parameter, *, unsigned: bool) -> None:
    kinds: dict[type, str] = {bool: "bool_param", int: "uint64_param" if unsigned else "int64_param",
                              float: "double_param", str: "string_param"}  # fmt: skip
    setattr(parameter, kinds[type(value)], value)


def _value(parameter: Any) -> Parameter:
    value: Parameter = getattr(parameter, parameter.WhichOneof("parameter_choice") or "string_param")
    return value


def _parameter(parameters: Any, name: str) -> Parameter | None:
    return _value(parameters[name]) if name in parameters else None
