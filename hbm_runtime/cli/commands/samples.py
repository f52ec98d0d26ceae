"""``hbm-runtime samples``: models with the names and tensors of those that boards bring."""

from __future__ import annotations

import argparse

from hbm_runtime.cli.arguments import Parser, words
from hbm_runtime.cli.errors import ExitCode
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.packing import packing
from hbm_runtime.cli.tables import Column, Table, byte_text

SUMMARY = "write models with the names and tensors of those that boards bring, with random weights"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("folder", metavar="DIR", help="where to write: DIR/<board>/basic/<model>.hbm")
    parser.add_option(
        "board", metavar="LIST", type=words, default=["s100", "s600"], help="s100, s100p, s600; default: s100,s600"
    )
    parser.add_option("names", metavar="LIST", type=words, help="only these models; default: all")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Writes the models and lists them."""
    with packing(output, "samples") as report:
        from hbm_runtime.samples import write_samples  # noqa: PLC0415 (needs an extra)

        written = write_samples(arguments.folder, arguments.board, names=arguments.names, progress=report)
    table = Table("", [Column("model", strong=True), Column("size", right=True), Column("file")])
    for path in written:
        table.add(path.stem, byte_text(path.stat().st_size), path)
    output.table(table)
    output.document({"files": [str(path) for path in written]})
    return ExitCode.DONE
