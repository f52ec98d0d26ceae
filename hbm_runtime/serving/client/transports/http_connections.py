"""HTTP connections to one server: kept open between calls, limited in time, and to be ended from another thread."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hbm_runtime._errors import HbmError

from .address import Address
from .server_errors import broken_answer, network_error
from .wire import Control

_CONNECT_SECONDS = 5.0
_CHUNK = 1 << 18
_AT_ONCE = 1 << 26
"""Bytes that a server may announce and get memory for before they are there."""
_ALIGNMENT = 16
HEADER_LENGTH = "Inference-Header-Content-Length"
#: Unanswered probes end a connection whose other side has vanished after about this many seconds.
_VANISHED_SECONDS = 20
_KEPT = 32
_LAST_WORDS_SECONDS = 1.0
_EVER_SECONDS = 1e6


class _PlainConnection(http.client.HTTPConnection):
    """Keeps the head of a request, so that it can leave together with the body."""

    head = b""

    def send(self, data: Any) -> None:
        self.head = bytes(data)


class _TlsConnection(http.client.HTTPSConnection):
    """The same with TLS."""

    head = b""

    def send(self, data: Any) -> None:
        self.head = bytes(data)


_Connection = _PlainConnection | _TlsConnection


@dataclass(frozen=True)
class Request:
    """Method, path, body (None for none) and headers of a request."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A response.

    Attributes:
        status: Its status.
        headers: Its headers, with names in lower case.
        body: Its body, which can be written to. Bytes behind a JSON header are aligned for every element type.
    """

    status: int
    headers: Mapping[str, str]
    body: memoryview


class HttpConnections:
    """The connections to one server. Safe to use from any thread.

    Args:
        address: The server's address.
        context: For TLS; None without.
    """

    def __init__(self, address: Address, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._closed = False

    def exchange(self, request: Request, control: Control) -> Answer:
        """Sends a request and reads the whole response.

        Raises:
            HbmNetworkError: No connection, or it broke.
            HbmTimeoutError, HbmCancelledError: By `control`.
            HbmRemoteError: What came is not HTTP.
        """
        connection = self._take() or self._connect(control)
        try:
            # Not connection.close(): with TLS that would free what another thread is reading with.
            sock = connection.sock
            control.on_cancel(lambda: _wake(sock))
            answer = self._converse(connection, request, control)
            control.on_cancel(None)
        except BaseException:
            control.on_cancel(None)
            connection.close()
            raise
        # After an answer that ends the connection, it has no socket any more.
        if connection.sock is None or not self._give_back(connection):
            connection.close()
        return answer

    def close(self) -> None:
        """Closes the connections that no call uses; those in use are closed after it."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> _Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            # Nothing is to come on an idle connection: what can be read is its end.
            poll = select.poll()
            poll.register(connection.sock, select.POLLIN)
            if not poll.poll(0):
                return connection
            connection.close()

    def _give_back(self, connection: _Connection) -> bool:
        with self._lock:
            if self._closed or len(self._idle) >= _KEPT:
                return False
            self._idle.append(connection)
            return True

    def _connect(self, control: Control) -> _Connection:
        remaining = control.remaining()
        limit = _CONNECT_SECONDS if remaining is None else min(remaining, _CONNECT_SECONDS)
        host, port = self._address.host, self._address.port
        connection: _Connection
        if self._context is None:
            connection = _PlainConnection(host, port, timeout=limit)
        else:
            connection = _TlsConnection(host, port, timeout=limit, context=self._context)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            control.check()
            raise network_error(self._address, self._why(error), may_have_run=False) from error
        _notice_vanished_servers(connection.sock)
        return connection

    def _why(self, error: OSError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the server's certificate is not trusted: {error.verify_message}; ca= names who is"
        if isinstance(error, ssl.SSLError):
            return f"no TLS connection: {error.reason or error}; servers without TLS need http://"
        if isinstance(error, TimeoutError):
            return "no connection in time"
        return f"no connection: {error.strerror or error}"

    def _converse(self, connection: _Connection, request: Request, control: Control) -> Answer:
        started = False  # True once the server has all it needs to begin
        sock = connection.sock  # after a response that ends the connection, the connection has let go of it
        try:
            try:
                _send(connection, sock, request, control)
                started = True
            except OSError:
                # A server that refuses what is still being sent answers and closes; without its answer nothing began.
                control.check()
            sock.settimeout(control.remaining() if started else _LAST_WORDS_SECONDS)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            header_length = headers.get(HEADER_LENGTH.lower(), "0")
            before = -int(header_length) % _ALIGNMENT if header_length.isdecimal() else 0
            answer = Answer(response.status, headers, _body_of(response, sock, control, before))
            if not started:
                connection.close()  # the server waits for the rest
            return answer
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error, control, started=started) from error

    def _broken(self, error: Exception, control: Control, *, started: bool) -> HbmError:
        try:
            control.check()
        except HbmError as reason:
            return reason
        if isinstance(error, http.client.HTTPException) and not isinstance(
            error, (http.client.RemoteDisconnected, http.client.IncompleteRead)
        ):
            return broken_answer(self._address, f"{type(error).__name__}: {error}")
        hint = "" if self._context is not None else "; servers with TLS need https://"
        reason_text = "the server closed the connection" if isinstance(error, http.client.HTTPException) else error
        return network_error(self._address, f"the connection broke: {reason_text}{hint}", may_have_run=started)


def _send(connection: _Connection, sock: socket.socket, request: Request, control: Control) -> None:
    """Sends a request. Raises BlockingIOError if the server answers before it has all of it."""
    sock.settimeout(control.remaining())
    connection.putrequest(request.method, request.path)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    if request.body is not None:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders()
    body = memoryview(request.body or b"")
    rest = memoryview(connection.head + body[:_CHUNK])
    body = body[_CHUNK:]
    # With TLS a socket can be read for other reasons than an answer.
    poll = None if isinstance(sock, ssl.SSLSocket) else select.poll()
    if poll is not None:
        poll.register(sock, select.POLLIN | select.POLLOUT)
    while rest or body:
        if not rest:
            rest, body = body[:_CHUNK], body[_CHUNK:]
        limit = control.remaining()
        sock.settimeout(_EVER_SECONDS if limit is None else limit)  # with a limit, send() sends what there is room for
        if poll is not None and any(
            event & select.POLLIN for _, event in poll.poll(None if limit is None else limit * 1e3)
        ):
            raise BlockingIOError("the server answers already")
        rest = rest[sock.send(rest) :]


def _body_of(response: http.client.HTTPResponse, sock: socket.socket, control: Control, before: int) -> memoryview:
    """Reads a body into memory that begins so many bytes behind what is aligned."""
    if control.deadline is None and response.length is not None and response.length <= _AT_ONCE:
        body = bytearray(before + response.length)
        rest = memoryview(body)[before:]
        while rest and (count := response.readinto(rest)):
            rest = rest[count:]
        if rest:
            raise http.client.IncompleteRead(b"", len(rest))
    else:
        body = bytearray(before)
        _read_pieces(response, sock, control, body)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    response.read()  # notes the end, before which the connection takes no other request
    return memoryview(body)[before:]


def _read_pieces(response: http.client.HTTPResponse, sock: socket.socket, control: Control, body: bytearray) -> None:
    """Reads piece by piece, so that a time limit holds for all of it and an announced length takes no memory."""
    while True:
        if control.deadline is not None:
            sock.settimeout(control.remaining())
        piece = response.read1(_CHUNK)
        if not piece:
            break
        body += piece


def _wake(sock: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        # The base class's method: that of SSLSocket would drop the TLS state under the reader.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _notice_vanished_servers(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _VANISHED_SECONDS // 2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _VANISHED_SECONDS // 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _VANISHED_SECONDS * 1000)
