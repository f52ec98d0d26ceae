"""The passphrase of encrypted models: out of a file, or asked for in a terminal."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import CommandError, UsageError
from hbm_runtime.encryption import is_encrypted


def add_passphrase_argument(parser: Parser) -> None:
    """Declares where the passphrase comes from. It is no option itself: command lines can be read by other users."""
    parser.add_option(
        "passphrase_file",
        metavar="FILE",
        help="the passphrase of encrypted models, without its last line end; - reads it from stdin; default: ask",
    )


def read_passphrase(files: Sequence[str], arguments: argparse.Namespace) -> str | bytes | None:
    """Gets the passphrase that some of the files need; None where none of them is encrypted.

    Raises:
        UsageError: A passphrase is given and no file needs it.
        CommandError: A file needs one, none is given, and there is no terminal to ask in.
        OSError: The file cannot be read.
    """
    encrypted = [file for file in files if is_encrypted(file)]
    source = arguments.passphrase_file
    if source is not None:
        if not encrypted:
            raise UsageError(f"--passphrase_file is given, but {', '.join(files)} is not encrypted")
        return _read(source)
    if not encrypted:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(f"{encrypted[0]} is encrypted: name the file with its passphrase by --passphrase_file")
    return getpass.getpass(f"Passphrase of {encrypted[0]}: ")


def _read(source: str) -> str | bytes:
    if source == "-":
        content = sys.stdin.buffer.read()
    else:
        with open(source, "rb") as file:
            content = file.read()
    secret = content.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return secret.decode()
    except UnicodeDecodeError:
        return secret
