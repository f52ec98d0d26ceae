"""The settings of a server, with safe defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Policy = Literal["reject", "block", "latest", "drop_oldest"]
POLICIES: tuple[Policy, ...] = ("reject", "block", "latest", "drop_oldest")
MEGABYTE = 1024 * 1024
BASE64_GROWTH = 1.4
"""An upload's JSON is larger than the model in it."""


@dataclass(frozen=True)
class Limits:
    """What one client, or all together, may take.

    Attributes:
        message_bytes: Bytes of one request, also after it was decompressed.
        total_bytes: Bytes of all requests and answers under way; never less than one request may have.
        upload_bytes: Bytes of one uploaded model.
        tensors: Tensors of one request.
        calls: Inference requests at a time, waiting ones included.
        connections: Connections of each protocol at a time.
        idle_seconds: Seconds after which a silent connection, or one that does not go on, is closed.
        receive_seconds: Seconds that the message of a gRPC call may take.
        header_bytes: Bytes of the headers of one HTTP request.
        repeat: Runs that one request may ask for.
        regions: Shared memory regions that may be registered.
    """

    message_bytes: int = 64 * MEGABYTE
    total_bytes: int = 512 * MEGABYTE
    upload_bytes: int = 1024 * MEGABYTE
    tensors: int = 256
    calls: int = 64
    connections: int = 256
    idle_seconds: float = 60.0
    receive_seconds: float = 120.0
    header_bytes: int = 16 * 1024
    repeat: int = 10_000
    regions: int = 256


@dataclass(frozen=True)
class BackPressure:
    """How requests of one model queue.

    Attributes:
        policy: "reject", "block", "latest" or "drop_oldest".
        queue_size: Requests of one model that may wait.
        in_flight: Requests of one model that run at a time; None: as many as the machine has BPU cores.
    """

    policy: Policy = "reject"
    queue_size: int = 64
    in_flight: int | None = None


@dataclass(frozen=True)
class TlsFiles:
    """Files of the server's identity, and of those clients that may connect.

    Attributes:
        certificate: The server's certificate chain, PEM.
        key: Its private key, PEM.
        client_ca: Certificates that sign the clients', PEM; None: clients need none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True)
class Settings:
    """What a server does.

    Attributes:
        files: Model files.
        folder: A folder whose models are served too.
        http: Address of the HTTP service, such as ``"127.0.0.1:8000"``; None: no such service. Port 0 takes a free one.
        grpc: Address of the gRPC service, likewise.
        server_name: The server's name in its metadata.
        tls: TLS files; None: plain text.
        token_file: File with tokens and roles; None: no tokens.
        allow_upload: True if clients may send models.
        upload_folder: Where those are kept; None: in a temporary folder until the server ends.
        shared_memory: True if clients of the same machine may use shared memory.
        allowed_origins: Web origins whose pages may use the HTTP service.
        allowed_hosts: Names by which the HTTP service may be called on loopback without tokens, beside loopback's own.
        drain_seconds: How long requests under way may take when the server ends.
        limits: Limits of sizes and counts.
        back_pressure: How requests queue.
        load_options: Keyword arguments of `HB_HBMRuntime` for all models.
        passphrase: The passphrase of encrypted files.
    """

    files: Sequence[Path] = ()
    folder: Path | None = None
    http: str | None = "127.0.0.1:8000"
    grpc: str | None = "127.0.0.1:8001"
    server_name: str = "hbm_runtime"
    tls: TlsFiles | None = None
    token_file: Path | None = None
    allow_upload: bool = False
    upload_folder: Path | None = None
    shared_memory: bool = True
    allowed_origins: Sequence[str] = ()
    allowed_hosts: Sequence[str] = ()
    drain_seconds: float = 30.0
    limits: Limits = field(default_factory=Limits)
    back_pressure: BackPressure = field(default_factory=BackPressure)
    load_options: Mapping[str, Any] = field(default_factory=dict)
    passphrase: str | None = field(default=None, repr=False)

    @property
    def total_bytes(self) -> int:
        """Bytes of all requests and answers under way, of which one request always has as many as it may have."""
        largest = self.limits.upload_bytes * BASE64_GROWTH if self.allow_upload else 0
        return max(self.limits.total_bytes, self.limits.message_bytes, int(largest))
