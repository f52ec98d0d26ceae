"""Addresses to listen on, and which of them only this machine reaches."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from hbm_runtime import InputError


@dataclass(frozen=True)
class Address:
    """A host and a TCP port; port 0 stands for any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Returns True if only programs of this machine reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Reads ``HOST:PORT``, where an IPv6 host stands in brackets.

    Raises:
        InputError: It is none.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise InputError(f"{text!r} is no address; write HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000")
    return Address(host, int(port))


@lru_cache(maxsize=1024)  # asked for every call, of few hosts
def is_loopback(host: str) -> bool:
    """Returns True for addresses of the loopback interface, and for ``localhost``."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
