"""Runtimes here and behind this package's server, with the same models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from hbm_runtime import HB_HBMRuntime, RemoteRuntime, connect
from hbm_runtime.serving.server import Server
from support.serving import address_of, serving


class Both(NamedTuple):
    """The same models twice."""

    local: HB_HBMRuntime
    remote: RemoteRuntime


def url_of(server: Server, protocol: str) -> str:
    """What `connect` takes."""
    return f"{protocol}://{address_of(server, protocol)}"


@contextmanager
def remote_runtime(protocol: str, files: Sequence[Any], **options: Any) -> Iterator[RemoteRuntime]:
    """A server of its own, and a runtime that is connected to it."""
    with serving(files) as server, connect(url_of(server, protocol), **options) as remote:
        yield remote


@contextmanager
def both_runtimes(protocol: str, files: Sequence[Any], **options: Any) -> Iterator[Both]:
    """Models loaded here and by a server."""
    with HB_HBMRuntime(files) as local, remote_runtime(protocol, files, **options) as remote:
        yield Both(local, remote)
