"""What clients will find when they look at a server's certificate."""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hbm_runtime.serving.access.tls import server_context
from hbm_runtime.serving.settings import TlsFiles

_DAY = 24 * 3600.0


@dataclass(frozen=True)
class Certificate:
    """A certificate that is valid now.

    Attributes:
        names: Whom it is for: host names and addresses.
        days: Days until it expires.
    """

    names: tuple[str, ...]
    days: float


def server_certificate(files: TlsFiles) -> Certificate:
    """Reads the certificate as a client sees it, in a handshake with itself inside this process.

    Raises:
        ssl.SSLCertVerificationError: It has expired or is not valid yet.
        OSError, InputError: A file cannot be read, key and certificate do not belong together, the key is encrypted.
    """
    server = server_context(TlsFiles(files.certificate, files.key))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself is trusted here, whoever signed it
    client.load_verify_locations(files.certificate)
    shown = _handshake(client, server)
    names = tuple(str(pair[1]) for pair in shown.get("subjectAltName", ()))  # type: ignore[attr-defined]
    return Certificate(names, _days_until(str(shown["notAfter"])))


def authority_days(path: Path) -> float | None:
    """Returns the days until the first of a file's authorities expires; None if there is none.

    Raises:
        OSError: The file cannot be read, or holds no certificates (`ssl.SSLError`).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return min((_days_until(str(each["notAfter"])) for each in context.get_ca_certs()), default=None)


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> dict[str, object]:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_side=False),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(5):  # a handshake takes two or three turns
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return dict(ends[0].getpeercert() or {})


def _days_until(moment: str) -> float:
    return (ssl.cert_time_to_seconds(moment) - time.time()) / _DAY
