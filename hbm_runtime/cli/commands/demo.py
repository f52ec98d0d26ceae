"""``hbm-runtime demo``: two OCR models read a picture."""

from __future__ import annotations

import argparse

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import ExitCode
from hbm_runtime.cli.output import Output
from hbm_runtime.demo import __main__ as demo

SUMMARY = "pack two OCR models, run them and read a picture"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    demo.add_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Runs the demo."""
    if output.json:
        output.warn("the demo has no JSON form")
    return ExitCode(demo.run(arguments))
