"""Where servers are: the URLs that `connect` takes."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hbm_runtime._errors import InputError, InputTypeError

#: The ports of a server that was started without options.
_PORTS = {"http": 8000, "https": 8000, "grpc": 8001, "grpcs": 8001}
_EXPECTED = "expected http://host:port, https://, grpc:// or grpcs://, several separated by commas"


@dataclass(frozen=True)
class Address:
    """One server.

    Attributes:
        scheme: "http", "https", "grpc" or "grpcs".
        host: Name or number, IPv6 without brackets.
        port: TCP port.
        base: Path in front of the protocol's paths, without slashes at its ends; only of HTTP.
    """

    scheme: str
    host: str
    port: int
    base: str = ""

    @property
    def is_grpc(self) -> bool:
        """True if the protocol is gRPC."""
        return self.scheme.startswith("grpc")

    @property
    def is_encrypted(self) -> bool:
        """True if the connection has TLS."""
        return self.scheme.endswith("s")

    @property
    def netloc(self) -> str:
        """``host:port``, as both protocols write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def is_this_machine(self) -> bool:
        """Returns True if the host is an address of this machine. Resolves the name, which may take time."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError:
            return False
        return any(_is_local(family, str(target[0])) for family, _, _, _, target in found)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}" + (f"/{self.base}" if self.base else "")


def parse_addresses(url: str) -> list[Address]:
    """Reads one URL, or several that are separated by commas; a scheme holds until another one is given.

    Raises:
        InputError: Not such URLs.
        InputTypeError: Not a str.
    """
    if not isinstance(url, str):
        raise InputTypeError(f"url must be a str, not {type(url).__name__}; {_EXPECTED}")
    addresses: list[Address] = []
    for part in filter(None, (part.strip() for part in url.split(","))):
        whole = part if "://" in part or not addresses else f"{addresses[0].scheme}://{part}"
        addresses.append(_parse(whole))
    if not addresses:
        raise InputError(f"url is {url!r}; {_EXPECTED}")
    if len({address.is_grpc for address in addresses}) > 1:
        raise InputError(f"url {url!r} mixes HTTP and gRPC; give all addresses in one protocol")
    if len(set(addresses)) != len(addresses):
        raise InputError(f"url {url!r} has an address twice")
    return addresses


def _parse(text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InputError(f"url {text!r}: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InputError(f"url {text!r} is not the address of a server; {_EXPECTED}")
    _refuse_extras(text, parts)
    return Address(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path.strip("/"))


def _refuse_extras(text: str, parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        # The text is not repeated: it has a password.
        raise InputError("a url must not contain a user or password; give a token with token=")
    if parts.query or parts.fragment:
        raise InputError(f"url {text!r} must not have a query or a fragment")
    if parts.path.strip("/") and parts.scheme.startswith("grpc"):
        raise InputError(f"url {text!r}: gRPC addresses have no path; give {parts.scheme}://host:port")
    if re.search(r"[\s\x00-\x1f]", text):
        raise InputError(f"url {text!r} has blanks or control characters")


def _is_local(family: int, host: str) -> bool:
    """An address can be bound only on the machine that has it."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host.partition("%")[0], 0))
    except OSError:
        return False
    return True
