"""What web pages may do with a server that trusts every program of its machine.

A page that a user visits can send requests to the loopback interface. Browsers say so: by the header ``Origin``, and,
where a page's own name was made to point to 127.0.0.1, by a foreign name in ``Host``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..addresses import is_loopback
from ..failures import Kind, RefusedError


class BrowserGuard:
    """Refuses requests of web pages.

    Args:
        allowed_origins: Web origins whose pages may call, ``"*"`` for all.
        allowed_hosts: Names beside those of the loopback interface that the server goes by; None: any.
    """

    def __init__(self, allowed_origins: Sequence[str], allowed_hosts: Sequence[str] | None) -> None:
        self._origins = frozenset(allowed_origins)
        self._hosts = None if allowed_hosts is None else frozenset(host.lower() for host in allowed_hosts)

    def check(self, headers: Mapping[str, str]) -> None:
        """Checks the headers of a request. Raises RefusedError."""
        origin = headers.get("origin")
        if origin is not None and not self._origins & {origin, "*"}:
            raise RefusedError(Kind.FORBIDDEN, "web pages may not call this server (--allowed_origins)")
        host = headers.get("host")
        if self._hosts is None or not host:
            return
        name = _host_name(host)
        if not is_loopback(name) and name not in self._hosts and "*" not in self._hosts:
            raise RefusedError(Kind.FORBIDDEN, f"this server does not go by the name {name[:80]!r} (--allowed_hosts)")


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
