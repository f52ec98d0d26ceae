"""``hbm-runtime link``: several host files into one."""

from __future__ import annotations

import argparse
from pathlib import Path

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import ExitCode
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.packing import packing
from hbm_runtime.cli.tables import byte_text

SUMMARY = "put the models of several host .hbm files into one"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="host .hbm files, in the order of their models")
    parser.add_option("output", "-o", required=True, metavar="FILE", help="the file to write")
    parser.add_option("description", metavar="TEXT", help="description of the file; default: those of the parts")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Links the files and reports what was written."""
    with packing(output, "link"):
        from hbm_runtime.packer import link  # noqa: PLC0415 (needs an extra)

        content = link(arguments.files, arguments.output, description=arguments.description)
    names = [model.name for model in content.models]
    size = Path(arguments.output).stat().st_size
    output.text(f"{arguments.output} ({byte_text(size)}): {', '.join(names)}")
    output.document({"file": arguments.output, "bytes": size, "models": names})
    return ExitCode.DONE
