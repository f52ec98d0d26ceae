"""The program ``hbm-runtime``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

_COMMANDS = {
    "pack": "pack an ONNX model into a host .hbm",
    "link": "put the models of several host .hbm files into one",
}


class _Command(Protocol):
    """A module ``hbm_runtime.cli.<name>``: it is imported only when its command runs."""

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Declares the command's arguments."""

    @staticmethod
    def run(arguments: argparse.Namespace) -> int:
        """Does the work and returns the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0 done, 1 failed, 2 wrong arguments."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="hbm-runtime", description="Packs and inspects models for hbm_runtime.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        if given and given[0] == name:
            try:
                module = cast("_Command", import_module(f"hbm_runtime.cli.{name}"))
            except ImportError as error:
                print(f"hbm-runtime: {error}", file=sys.stderr)
                return 1
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    parsed = parser.parse_args(given)
    return int(parsed.run(parsed))
