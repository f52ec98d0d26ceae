"""One server over HTTP: tritonclient writes and reads the bodies, Python's own HTTP client carries them.

tritonclient's own HTTP client keeps a connection to the thread that made it, and no other thread can end a call of it.
"""

from __future__ import annotations

import base64
import gzip
import json
import ssl
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from hbm_runtime._errors import HbmError, UnsupportedError

from ...protocol.datatypes import numpy_dtype
from .address import Address
from .credentials import Credentials
from .http_connections import HEADER_LENGTH, Answer, HttpConnections, Request
from .library import load
from .server_errors import broken_answer, server_error
from .wire import Array, Control, Document, InferCall, InferReply, Placement, Tensor

#: Method, path and the key of the document that stands in the path.
_ROUTES: dict[str, tuple[str, str, str]] = {
    "server": ("GET", "v2", ""),
    "ready": ("GET", "v2/health/ready", ""),
    "host": ("GET", "v2/hbm/host", ""),
    "index": ("POST", "v2/repository/index", ""),
    "metadata": ("GET", "v2/models/{}", "name"),
    "config": ("GET", "v2/models/{}/config", "name"),
    "statistics": ("GET", "v2/models/stats", ""),
    "load": ("POST", "v2/repository/models/{}/load", "model_name"),
    "unload": ("POST", "v2/repository/models/{}/unload", "model_name"),
    "regions": ("GET", "v2/systemsharedmemory/status", ""),
    "register": ("POST", "v2/systemsharedmemory/region/{}/register", "name"),
    "unregister": ("POST", "v2/systemsharedmemory/region/{}/unregister", "name"),
}
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1),
    "deflate": lambda body: zlib.compress(body, 1),
}


class HttpTransport:
    """See `wire.Transport`."""

    def __init__(self, address: Address, credentials: Credentials, compression: str | None) -> None:
        self.address = address
        self._credentials = credentials
        self._compression = compression
        self._triton = load("tritonclient.http")
        context: ssl.SSLContext | None = credentials.ssl_context() if address.is_encrypted else None
        self._connections = HttpConnections(address, context)

    def infer(self, call: InferCall, control: Control) -> InferReply:
        """See `wire.Transport.infer`."""
        parameters = dict(call.parameters)
        priority, timeout = parameters.pop("priority", 0), parameters.pop("timeout", None)
        wanted = None if call.outputs is None else [self._wanted(name, at) for name, at in call.outputs.items()]
        body, header_length = self._triton.InferenceServerClient.generate_request_body(
            [self._input_of(tensor) for tensor in call.inputs],
            outputs=wanted,
            priority=priority,
            timeout=timeout,
            parameters=parameters,
        )
        headers = {} if header_length is None else {HEADER_LENGTH: str(header_length)}
        if self._compression is not None:
            body = _COMPRESS[self._compression](body)
            headers |= {"Content-Encoding": self._compression, "Accept-Encoding": self._compression}
        answer = self._exchange("POST", f"v2/models/{quote(call.model, safe='')}/infer", body, headers, control)
        return self._reply_of(answer)

    def request(self, what: str, document: Document, control: Control) -> Document:
        """See `wire.Transport.request`."""
        method, path, key = _ROUTES[what]
        content = {name: value for name, value in document.items() if name != key}
        body = None if method == "GET" else json.dumps(content, default=_base64).encode()
        answer = self._exchange(method, path.format(quote(document.get(key, ""), safe="")), body, {}, control)
        return self._document_of(what, answer)

    def host(self, control: Control) -> Document | None:
        """See `wire.Transport.host`."""
        try:
            return self.request("host", {}, control)
        except HbmError as error:
            if getattr(error, "code", None) in ("404", "405", "400", "501"):
                return None  # a server of another make
            raise

    def close(self) -> None:
        """See `wire.Transport.close`."""
        self._connections.close()

    def _input_of(self, tensor: Tensor) -> Any:
        entry = self._triton.InferInput(tensor.name, list(tensor.shape), tensor.datatype)
        if tensor.placement is not None:
            entry.set_shared_memory(tensor.placement.region, tensor.placement.nbytes, tensor.placement.offset)
        else:
            entry.set_data_from_numpy(tensor.array)
        return entry

    def _wanted(self, name: str, placement: Placement | None) -> Any:
        entry = self._triton.InferRequestedOutput(name, binary_data=True)
        if placement is not None:
            entry.set_shared_memory(placement.region, placement.nbytes, placement.offset)
        return entry

    def _reply_of(self, answer: Answer) -> InferReply:
        length = answer.headers.get(HEADER_LENGTH.lower())
        try:
            result = self._triton.InferResult(_Body(answer.body, length, answer.headers.get("content-encoding")), False)
            document = result.get_response()
            outputs: dict[str, Array | None] = {}
            shapes: dict[str, tuple[int, ...]] = {}
            for output in document.get("outputs", []):
                name = output["name"]
                shapes[name] = tuple(int(size) for size in output["shape"])
                details = output.get("parameters", {})
                dtype = numpy_dtype(output["datatype"])
                array = None if "shared_memory_region" in details else _usable(result.as_numpy(name), dtype)
                if array is not None and details.get("binary_data_size", array.nbytes) != array.nbytes:
                    raise ValueError(f"output '{name}' has {details['binary_data_size']} bytes for {array.nbytes}")
                outputs[name] = array
            return InferReply(outputs, shapes, document.get("parameters", {}))
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            OSError,
            EOFError,
            zlib.error,
            UnsupportedError,
        ) as error:
            raise broken_answer(self.address, f"{type(error).__name__}: {error}") from error

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], control: Control
    ) -> Answer:
        sent = dict(headers)
        token = self._credentials.token()
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json" if not headers else "application/octet-stream")
        base = f"/{self.address.base}" if self.address.base else ""
        answer = self._connections.exchange(Request(method, f"{base}/{path}", body, sent), control)
        if not 200 <= answer.status < 300:
            raise self._error_of(answer)
        return answer

    def _error_of(self, answer: Answer) -> HbmError:
        text = bytes(answer.body[:4096]).decode(errors="replace")
        details = None
        try:
            document = json.loads(bytes(answer.body))
            text, details = str(document["error"]), document.get("hbm_error")
        except (ValueError, KeyError, TypeError):
            pass  # a proxy, or a server of another make: its text, as it is
        return server_error(self.address, str(answer.status), text.strip(), details)

    def _document_of(self, what: str, answer: Answer) -> Document:
        body = bytes(answer.body)
        if not body.strip():
            return {}
        try:
            document = json.loads(body)
            if what == "index":
                return {"models": document}
            if what == "regions":
                return {"regions": [region["name"] for region in document]}
            if not isinstance(document, dict):
                raise TypeError(f"{what} is no JSON object")
        except (ValueError, KeyError, TypeError) as error:
            raise broken_answer(self.address, f"{type(error).__name__}: {error}") from error
        return document


class _Body:
    """The body of a response as tritonclient reads it: the JSON, then the bytes of the tensors, which stay there."""

    def __init__(self, body: memoryview, header_length: str | None, encoding: str | None) -> None:
        self._rest = body
        self._compressed = encoding in ("gzip", "deflate")
        self._facts = {HEADER_LENGTH: header_length, "Content-Encoding": encoding}

    def get(self, name: str) -> str | None:
        """Returns a header."""
        return self._facts.get(name)

    def read(self, length: int = -1) -> bytes | memoryview:
        """Returns so many bytes, or all that are left."""
        if length >= 0:
            taken, self._rest = self._rest[:length], self._rest[length:]
            return bytes(taken)
        return bytes(self._rest) if self._facts[HEADER_LENGTH] is None or self._compressed else self._rest


def _usable(array: Array, dtype: Any) -> Array:
    """Returns an array that can be written to, in the type that was announced; typed data may be of another one."""
    return array.astype(dtype, copy=not (array.flags.writeable and array.flags.aligned))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
