"""The client: models on a server behind the names of `HB_HBMRuntime`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._running.native import checked

if TYPE_CHECKING:
    from .connecting import Compression, SharedMemory
    from .runtime import RemoteRuntime
    from .transports.credentials import PathLike, TokenOrFile


@checked
def connect(
    url: str,
    *,
    token: TokenOrFile | None = None,
    ca: PathLike | None = None,
    cert: PathLike | None = None,
    key: PathLike | None = None,
    compression: Compression | None = None,
    shared_memory: SharedMemory = "auto",
    timeout: float | None = None,
    models: Sequence[str] | None = None,
    idempotent: bool = False,
) -> RemoteRuntime:
    """Connects to a server and returns a runtime with its models, to be used as `HB_HBMRuntime` is.

    The server is ``hbm-runtime serve`` or any other that speaks the Open Inference Protocol v2, such as Triton.

    Args:
        url: ``http://host:port``, ``https://``, ``grpc://``, ``grpcs://``; without a port 8000 for HTTP, 8001 for gRPC.
            Several, separated by commas, share the runs; they must have the same models.
        token: The token that the server demands: text, or a path object to a file with it, which is read anew for each
            call.
        ca: PEM file of the authorities to trust instead of the system's.
        cert: PEM file of a client certificate, for servers that demand one.
        key: PEM file of its private key, if it is not in `cert`.
        compression: "gzip" or "deflate" for requests and answers.
        shared_memory: "auto" uses POSIX shared memory for large tensors if the server is on this machine and can open
            it; True demands it, False forbids it.
        timeout: Seconds for calls that have no timeout of their own; None: runs may take any time, other calls 30 s.
        models: Names of the models, for servers that do not list them; others need not be asked for.
        idempotent: Runs may be repeated when a connection breaks, even if the server may have run them already.

    Raises:
        InputError: A wrong URL, or options that do not go together.
        MissingPackageError: The extra ``remote`` is not installed.
        HbmNetworkError: No server can be reached, or its certificate is not trusted.
        HbmRemoteError: The server refuses, for instance the token.
    """
    from .connecting import Options  # noqa: PLC0415 (only callers that connect need this, and what it imports)
    from .runtime import RemoteRuntime  # noqa: PLC0415

    return RemoteRuntime(Options(url, token, ca, cert, key, compression, shared_memory, timeout, models, idempotent))
