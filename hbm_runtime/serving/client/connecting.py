"""The arguments of `connect`, and the connections that they describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..._errors import InputError, InputTypeError
from .runs.call_limits import seconds_of
from .transports.address import Address, parse_addresses
from .transports.credentials import Credentials, PathLike, TokenOrFile
from .transports.grpc import GrpcTransport
from .transports.http import HttpTransport
from .transports.regions import Regions
from .transports.servers import Server, Servers
from .transports.wire import Transport

Compression = Literal["gzip", "deflate"]
SharedMemory = Literal["auto"] | bool


@dataclass(frozen=True)
class Options:
    """The arguments of `connect`, which has their meaning."""

    url: str
    token: TokenOrFile | None = field(default=None, repr=False)
    ca: PathLike | None = None
    cert: PathLike | None = None
    key: PathLike | None = None
    compression: Compression | None = None
    shared_memory: SharedMemory = "auto"
    timeout: float | None = None
    models: Sequence[str] | None = None
    idempotent: bool = False

    def __post_init__(self) -> None:
        seconds_of(self.timeout, "timeout")
        if self.compression not in (None, "gzip", "deflate"):
            raise InputError(f"compression is {self.compression!r}; it must be 'gzip', 'deflate' or None")
        if self.shared_memory != "auto" and not isinstance(self.shared_memory, bool):
            raise InputError(f"shared_memory is {self.shared_memory!r}; it must be 'auto', True or False")
        if isinstance(self.models, (str, bytes)):
            raise InputTypeError(f"models must be a list of names, not {type(self.models).__name__}")

    def check_picklable(self) -> None:
        """Raises TypeError for options that hold a secret."""
        if isinstance(self.token, str):
            raise TypeError(
                "a runtime with a token as text cannot be pickled: the pickle would hold the secret; "
                "give the token as a path object, token=pathlib.Path('file')"
            )


def connected_servers(options: Options) -> Servers:
    """Makes the connections; nothing is sent yet.

    Raises:
        InputError: Options that do not go together.
        MissingPackageError: The extra ``remote`` is not installed.
    """
    addresses = parse_addresses(options.url)
    credentials = Credentials(options.token, options.ca, options.cert, options.key)
    for address in addresses:
        credentials.check(address)
    transports = [_transport(address, credentials, options.compression) for address in addresses]
    return Servers([Server(each, Regions(each, options.shared_memory)) for each in transports])


def _transport(address: Address, credentials: Credentials, compression: str | None) -> Transport:
    kind: Any = GrpcTransport if address.is_grpc else HttpTransport
    transport: Transport = kind(address, credentials, compression)
    return transport
