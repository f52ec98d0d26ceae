"""Options that say where a server listens and who may connect: the same for ``serve`` and ``doctor``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import UsageError
from hbm_runtime.serving.settings import Settings, TlsFiles

_DEFAULTS = Settings()
_ADDRESSES = {"http": "HTTP", "grpc": "gRPC"}


def add_endpoint_arguments(parser: Parser) -> None:
    """Declares addresses, TLS files and the token file."""
    for name, protocol in _ADDRESSES.items():
        default = getattr(_DEFAULTS, name)
        parser.add_option(
            name, metavar="HOST:PORT", default=default, help=f"of the server; default: {default}; off: no {protocol}"
        )
    parser.add_option("tls_cert", metavar="FILE", type=Path, help="certificate chain of the server (PEM)")
    parser.add_option("tls_key", metavar="FILE", type=Path, help="private key of the server (PEM)")
    parser.add_option("client_ca", metavar="FILE", type=Path, help="only clients with a certificate signed by this")
    parser.add_option(
        "token_file",
        metavar="FILE",
        type=Path,
        help="lines of roles and a token, such as 'infer,metrics TOKEN'; roles: infer, control, metrics, all",
    )


def endpoint_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the fields of `Settings` that these options are.

    Raises:
        UsageError: Options contradict each other.
    """
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        raise UsageError("--tls_cert and --tls_key belong together")
    if arguments.client_ca is not None and arguments.tls_cert is None:
        raise UsageError("--client_ca needs --tls_cert and --tls_key")
    tls = None
    if arguments.tls_cert is not None:
        tls = TlsFiles(arguments.tls_cert, arguments.tls_key, arguments.client_ca)
    addresses = {name: None if (text := getattr(arguments, name)) == "off" else text for name in _ADDRESSES}
    return {**addresses, "tls": tls, "token_file": arguments.token_file}
