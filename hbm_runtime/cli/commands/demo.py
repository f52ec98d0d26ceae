"""``hbm-runtime demo``: two OCR models read a picture."""

from __future__ import annotations

import argparse

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import CommandError, ExitCode
from hbm_runtime.cli.output import Output
from hbm_runtime.demo import __main__ as demo
from hbm_runtime.demo.errors import DemoError

SUMMARY = "pack two OCR models, run them and read a picture"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    demo.add_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Runs the demo."""
    try:
        output.document(demo.read(arguments, output.text))
    except DemoError as error:
        raise CommandError(str(error)) from error
    return ExitCode.DONE
