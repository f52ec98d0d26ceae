"""Certificates, read anew when their files change."""

from __future__ import annotations

import logging
import os
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from hbm_runtime import InputError

from ..settings import TlsFiles

_log = logging.getLogger("hbm_runtime.serving")
_LOOK_AGAIN_SECONDS = 1.0
T = TypeVar("T")


class _Fresh(Generic[T]):
    """Something made from the files; made anew when they have changed. Safe to use from any thread."""

    def __init__(self, files: TlsFiles, make: Callable[[TlsFiles], T]) -> None:
        self._files = files
        self._make = make
        self._lock = threading.Lock()
        self._stamp = _stamp(files)
        self._looked = time.monotonic()
        self._value = make(files)

    def value(self) -> tuple[T, bool]:
        """Returns the present value, and whether it is new since the last call."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < _LOOK_AGAIN_SECONDS:
                return self._value, False
            self._looked = now
            try:
                stamp = _stamp(self._files)
                if stamp == self._stamp:
                    return self._value, False
                self._value = self._make(self._files)
                self._stamp = stamp
            except (OSError, ValueError) as error:  # half replaced: the old ones stay until both fit
                _log.warning("the changed TLS files are not used: %s", error)
                return self._value, False
            _log.info("the TLS files have changed and were read")
            return self._value, True


def _stamp(files: TlsFiles) -> tuple[tuple[int, int, int], ...]:
    paths = [files.certificate, files.key, *([files.client_ca] if files.client_ca else [])]
    stats = [os.stat(path) for path in paths]
    return tuple((each.st_ino, each.st_size, each.st_mtime_ns) for each in stats)


def ssl_context(files: TlsFiles) -> ssl.SSLContext:
    """Returns the context for asyncio; every handshake uses the files as they are then.

    Raises:
        OSError: A file cannot be read, or its content is wrong (`ssl.SSLError`).
    """
    fresh = _Fresh(files, server_context)

    def use_present(connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = fresh.value()[0]

    first = server_context(files)
    first.sni_callback = use_present
    return first


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Returns a context with the files as they are now.

    Raises:
        OSError: A file cannot be read, or its content is wrong (`ssl.SSLError`).
        InputError: The key is encrypted.
    """

    def refuse() -> str:  # otherwise OpenSSL asks in the terminal
        raise InputError(f"the key {files.key} is encrypted; the server needs one without a passphrase")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(files.certificate, files.key, refuse)
    if files.client_ca is not None:
        context.load_verify_locations(files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def grpc_credentials(files: TlsFiles) -> Any:
    """Returns server credentials of gRPC; every handshake uses the files as they are then.

    Raises:
        OSError: A file cannot be read, or its content is wrong (`ssl.SSLError`).
    """
    import grpc  # noqa: PLC0415 (in an extra)

    def configuration(_: TlsFiles) -> Any:
        server_context(files)  # finds out what gRPC would only find out in a handshake
        pair = (files.key.read_bytes(), files.certificate.read_bytes())
        roots = None if files.client_ca is None else files.client_ca.read_bytes()
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=roots)

    fresh = _Fresh(files, configuration)

    def fetch() -> Any:
        value, changed = fresh.value()
        return value if changed else None

    return grpc.dynamic_ssl_server_credentials(
        fresh.value()[0], fetch, require_client_authentication=files.client_ca is not None
    )
