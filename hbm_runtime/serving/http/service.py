"""The HTTP half of the protocol: a uvicorn server on a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from hbm_runtime import HbmIOError
from hbm_runtime._signals import signals_blocked

from ..access.tls import ssl_context
from ..addresses import Address
from ..settings import Limits, TlsFiles
from .connections import ImpatientProtocol

_BACKLOG = 128


class HttpService:
    """An HTTP server in front of an application.

    Args:
        app: The application.
        address: The address to listen on.
        limits: Limits of sizes and counts.
        tls: TLS files; None: plain text.

    Raises:
        HbmIOError: The address cannot be used.
    """

    def __init__(self, app: ASGIApp, address: Address, limits: Limits, tls: TlsFiles | None) -> None:
        context = None if tls is None else ssl_context(tls)
        self._socket = _listening_socket(address)
        self.address = Address(address.host, self._socket.getsockname()[1])
        config = uvicorn.Config(
            app,
            http=ImpatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # a client could claim to be on this machine
            limit_concurrency=limits.connections + 1,
            timeout_keep_alive=max(1, int(limits.idle_seconds)),
            h11_max_incomplete_event_size=limits.header_bytes,
            timeout_graceful_shutdown=5,
        )
        config.load()
        config.ssl = context
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="hbm-http", daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        with signals_blocked():  # and the threads that it starts
            self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends: no new connections, and requests under way have that many seconds."""
        self._server.config.timeout_graceful_shutdown = max(1, int(seconds))
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(seconds + 5)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def _listening_socket(address: Address) -> socket.socket:
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)  # asyncio sets TCP_NODELAY where the protocol is named
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it. asyncio sets it only for sockets that name their protocol, and without it answers
            # in two parts wait 40 ms for the client's acknowledgement.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.bind(target)
            listening.listen(_BACKLOG)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise HbmIOError(f"HTTP cannot listen on {address}: {error.strerror or error}") from None
    return listening
