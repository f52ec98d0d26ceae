"""Who may do what: tokens with roles, and what may listen where."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import threading
import time
from enum import Flag, auto
from pathlib import Path

from hbm_runtime import InputError

from ..addresses import Address
from ..failures import Kind, RefusedError
from ..settings import Settings

_SHORTEST_TOKEN = 16
_LOOK_AGAIN_SECONDS = 1.0


class Role(Flag):
    """What a client may do; `NONE` is what everybody may."""

    NONE = 0
    INFER = auto()
    CONTROL = auto()
    METRICS = auto()


_ALL = Role.INFER | Role.CONTROL | Role.METRICS
_ROLES = {"infer": Role.INFER, "control": Role.CONTROL, "metrics": Role.METRICS, "all": _ALL}


class TokenFile:
    """The tokens of a file, read anew when it changes. Safe to use from any thread.

    Each line has roles, separated by commas, and a token: ``infer,metrics 4f0c…``. What follows a ``#`` is a comment.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            OSError: It cannot be read.
            InputError: A line is wrong, or others than the file's owner may read it.
        """
        self._path = path
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._stamp, self._roles = self._read()

    def roles_of(self, token: str) -> Role | None:
        """Returns the roles of a token, None for an unknown one. The time taken does not depend on the token."""
        digest = _digest(token)
        found: Role | None = None
        for known, roles in self._present().items():
            if hmac.compare_digest(known, digest):
                found = roles
        return found

    def reload(self) -> None:
        """Reads the file now.

        Raises:
            OSError, InputError: As the constructor; the old tokens stay.
        """
        with self._lock:
            self._stamp, self._roles = self._read()

    def _present(self) -> dict[bytes, Role]:
        now = time.monotonic()
        if now - self._looked > _LOOK_AGAIN_SECONDS:
            with self._lock:
                self._looked = now
                try:
                    if _stamp(self._path.stat()) != self._stamp:
                        self._stamp, self._roles = self._read()
                except (OSError, InputError):
                    pass  # half written, or gone: the old tokens stay until it is whole
        return self._roles

    def _read(self) -> tuple[tuple[int, ...], dict[bytes, Role]]:
        with self._path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
                raise InputError(f"{self._path}: others may read the tokens; chmod 600 {self._path}")
            lines = file.read().splitlines()
        roles: dict[bytes, Role] = {}
        for number, line in enumerate(lines, 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            names = words[0].split(",")
            if len(words) != 2 or not set(names) <= _ROLES.keys() or len(words[1]) < _SHORTEST_TOKEN:
                raise InputError(
                    f"{self._path}, line {number}: expected roles ({', '.join(_ROLES)}) and a token of at least "
                    f"{_SHORTEST_TOKEN} characters"
                )
            of_line = Role.NONE
            for name in names:
                of_line |= _ROLES[name]
            roles[_digest(words[1])] = of_line
        if not roles:
            raise InputError(f"{self._path} has no tokens")
        return _stamp(status), roles


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


class Guard:
    """Decides whether a call may be made at one address."""

    def __init__(self, settings: Settings, address: Address, tokens: TokenFile | None) -> None:
        self._tokens = tokens
        self.secure = settings.tls is not None or address.is_loopback
        known = address.is_loopback or (settings.tls is not None and settings.tls.client_ca is not None)
        self._roles_without_token = _ALL if known else Role.INFER | Role.METRICS

    def check(self, needed: Role, authorization: str | None) -> None:
        """Checks a call.

        Args:
            needed: The role that it needs.
            authorization: The header of that name, or the metadata.

        Raises:
            RefusedError: No token, a wrong one, or one without that role.
        """
        if not needed:
            return
        if self._tokens is None:
            roles: Role | None = self._roles_without_token
        else:
            scheme, _, token = (authorization or "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise RefusedError(Kind.UNAUTHENTICATED, "a token is needed: Authorization: Bearer TOKEN")
            roles = self._tokens.roles_of(token.strip())
        if roles is None:
            raise RefusedError(Kind.UNAUTHENTICATED, "the token is not known here")
        if needed not in roles:
            raise RefusedError(Kind.FORBIDDEN, f"this needs the role {(needed.name or '').lower()}")


def check_addresses(settings: Settings, addresses: list[Address]) -> list[str]:
    """Checks that nothing is open to the network by accident; returns warnings.

    Raises:
        InputError: An address other than loopback has neither TLS nor tokens.
    """
    warnings = []
    for address in addresses:
        if address.is_loopback:
            continue
        if settings.tls is None and settings.token_file is None:
            raise InputError(
                f"{address} can be reached from other machines; that needs TLS (--tls_cert, --tls_key) or tokens "
                "(--token_file), better both. Programs on this machine need only 127.0.0.1"
            )
        if settings.tls is None:
            warnings.append(f"{address}: tokens and data travel in plain text; use TLS outside networks you trust")
        elif settings.token_file is None and settings.tls.client_ca is None:
            warnings.append(f"{address}: whoever reaches it may run models; use tokens or client certificates")
    return warnings
