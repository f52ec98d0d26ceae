"""``hbm-runtime doctor``: what is installed, which driver is used and why, what to do when something is wrong."""

from __future__ import annotations

import argparse

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.diagnosis import Findings, State, examine
from hbm_runtime.cli.endpoints import add_endpoint_arguments, endpoint_settings
from hbm_runtime.cli.errors import ExitCode
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.tables import Column, Table
from hbm_runtime.serving.settings import Settings

SUMMARY = "report which driver is used and why, versions, and what to do when something is wrong"

_SIGNS = {State.OK: "ok", State.NOTE: "note", State.PROBLEM: "PROBLEM"}
_COLORS = {"ok": "green", "note": "yellow", "PROBLEM": "red"}


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_option(
        "driver", metavar="CHOICE", default="", help="look at this one: vendor, bpusim or a folder with its libraries"
    )
    add_endpoint_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Examines and reports; fails when models cannot run."""
    found = examine(arguments.driver, Settings(**endpoint_settings(arguments)))
    for group in found:
        _print(group, output)
    problems = [row for group in found for row in group.rows if row.state is State.PROBLEM]
    if problems:
        output.heading(f"{len(problems)} problem{'s' if problems[1:] else ''}; what to do:")
        for advice in dict.fromkeys(row.advice for row in problems):
            output.text(f"  {advice}")
    else:
        output.heading("models can run on this machine")
    output.document(
        {
            "healthy": not problems,
            **{
                group.key: {"findings": [row.document() for row in group.rows], "facts": group.facts} for group in found
            },
        }
    )
    if any("error" in group.facts for group in found if group.key == "driver"):
        return ExitCode.NO_DRIVER
    return ExitCode.FAILED if problems else ExitCode.DONE


def _print(group: Findings, output: Output) -> None:
    table = Table(group.title, [Column("", colors=_COLORS), Column("", strong=True), Column("")])
    for row in group.rows:
        table.add(_SIGNS[row.state], row.subject, row.text)
        if row.advice and row.state is State.NOTE:
            table.add("", "", f"→ {row.advice}")
    output.table(table)
