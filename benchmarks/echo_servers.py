"""Bare servers that send back what they get: what grpcio and uvicorn cost by themselves.

Run as a program it prints the two ports and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import uvicorn

METHOD = "/echo.Echo/Echo"
ANSWERED = ((b"inference-header-content-length", b"200"), (b"content-type", b"application/octet-stream"))
"""What every answer to an inference has; a client's library reads headers slowly."""


class _Echo(grpc.GenericRpcHandler):  # type: ignore[misc] # grpcio has no types
    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda data, _: data) if details.method == METHOD else None


async def _echo(_: Any, receive: Any, send: Any) -> None:
    pieces = []
    more = True
    while more:
        event = await receive()
        pieces.append(event["body"])
        more = event["more_body"]
    body = b"".join(pieces)
    length = str(len(body)).encode()
    headers = [(b"content-length", length), *ANSWERED]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serves."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(8), handlers=[_Echo()], options=options)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(_echo, http="h11", lifespan="off", log_config=None, access_log=False)
    http = uvicorn.Server(config)
    threading.Thread(target=lambda: asyncio.run(http.serve(sockets=[listening])), daemon=True).start()
    print(port, listening.getsockname()[1], flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
