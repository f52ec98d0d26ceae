"""An HTTP server that misbehaves as a test wants: a script decides what becomes of each request."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

MODELS = {
    name: {
        role: [{"name": tensor, "datatype": "FP32", "shape": shape}]
        for role, tensor in (("inputs", "x"), ("outputs", "y"))
    }
    for name, shape in {"m": [2, 3], "large": [-1, 3]}.items()
}
"""The models that all of these servers have."""


@dataclass
class Received:
    """One request: method and path, headers with names in lower case, body; and the connection that it came on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket

    def send(self, raw: bytes) -> None:
        """Sends bytes as they are."""
        self.connection.sendall(raw)

    def answer(
        self, document: Any, status: int = 200, data: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        """Sends a proper response: JSON, and tensors behind it."""
        header = json.dumps(document).encode() if not isinstance(document, bytes) else document
        fields = {"Content-Length": str(len(header) + len(data)), **(headers or {})}
        if data:
            fields["Inference-Header-Content-Length"] = str(len(header))
        lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self.send("\r\n".join(lines).encode() + header + data)


Script = Callable[[Received], None]


@dataclass
class ScriptedServer:
    """What such a server has seen.

    Attributes:
        url: Its address.
        runs: Requests for runs, in their order.
        others: All other requests.
    """

    url: str
    runs: list[Received] = field(default_factory=list)
    others: list[Received] = field(default_factory=list)


@contextmanager
def scripted_server(
    script: Script, context: ssl.SSLContext | None = None, *, before_body: bool = False
) -> Iterator[ScriptedServer]:
    """Serves `MODELS`; runs are left to the script, after which the connection stays open unless it closed it.

    Args:
        script: What becomes of a run.
        context: TLS.
        before_body: The script begins when the headers of a run have come.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "http" if context is None else "https"
    server = ScriptedServer(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                thread = threading.Thread(target=serve, args=(connection,))
                threads.append(thread)
                thread.start()

    def serve(connection: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), connection:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                while (request := _read(connection, before_body=before_body)) is not None:
                    if request.path.endswith("/infer"):
                        server.runs.append(request)
                        script(request)
                    else:
                        server.others.append(request)
                        _describe(request)

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in threads:
            thread.join()


def _describe(request: Received) -> None:
    name = request.path.rpartition("/")[2]
    if request.path == f"/v2/models/{name}" and name in MODELS:
        request.answer({"name": name, "platform": "any", **MODELS[name]})
    elif request.path == "/v2/repository/index":
        request.answer([{"name": name, "version": "1", "state": "READY"} for name in MODELS])
    else:
        request.answer({"error": f"no {request.path}"}, 404)


def _read(connection: socket.socket, *, before_body: bool) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1 << 16)
        if not piece or piece[0] == 0x16:  # the end, or TLS where there is none
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    method, path, _ = first.split(" ")
    while len(body) < int(headers.get("content-length", 0)) and not (before_body and path.endswith("/infer")):
        piece = connection.recv(1 << 16)
        if not piece:
            return None
        body += piece
    return Received(method, path, headers, body, connection)
