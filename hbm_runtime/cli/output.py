"""What commands print: tables and notes for people, or one JSON document for programs.

Results go to stdout, warnings and progress to stderr. In a terminal tables are drawn by ``rich`` where it is installed;
in a pipe they are plain columns that are never cut, and nothing is coloured unless asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from hbm_runtime._printable import printable, printable_json
from hbm_runtime.cli.plain_tables import plain_lines
from hbm_runtime.cli.progress import Progress
from hbm_runtime.cli.tables import Facts, Table

_BOLD, _YELLOW, _RESET = "\033[1m", "\033[33m", "\033[0m"


class Output:
    """Where a command's results go.

    Args:
        as_json: One JSON document; tables and texts are not printed.
        color: "auto", "always" or "never".
        quiet: Neither progress nor warnings.
        command: Named in warnings.
    """

    def __init__(
        self, *, as_json: bool = False, color: str = "auto", quiet: bool = False, command: str = "hbm-runtime"
    ) -> None:
        self.json = as_json
        self._command = command
        self._quiet = quiet
        self._colored = colored(sys.stdout, color)
        self._colored_errors = colored(sys.stderr, color)
        for stream in (sys.stdout, sys.stderr):
            # A name that the locale cannot show must not end the program.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    @classmethod
    def of(cls, arguments: argparse.Namespace, command: str) -> Output:
        """Takes the options that all commands have."""
        return cls(as_json=arguments.json, color=arguments.color, quiet=arguments.quiet, command=command)

    @property
    def colored(self) -> bool:
        """Returns True if stdout takes colours."""
        return self._colored

    def text(self, line: str = "") -> None:
        """Prints a line for people."""
        if not self.json:
            print(printable(line))

    def heading(self, line: str) -> None:
        """Prints the title of what follows."""
        if not self.json:
            shown = printable(line)
            print(f"{_BOLD}{shown}{_RESET}" if self._colored else shown)

    def table(self, table: Table | Facts) -> None:
        """Prints a table and an empty line; one without rows is left out."""
        if self.json or not table.rows:
            return
        if sys.stdout.isatty():
            try:
                from hbm_runtime.cli.rich_tables import print_rich  # noqa: PLC0415 (rich is in an extra)
            except ImportError:
                pass
            else:
                print_rich(table, self._colored)
                return
        for line in plain_lines(table, self._colored):
            print(line)
        print()

    def document(self, content: Any) -> None:
        """Prints the JSON document, if that is what is asked for."""
        if self.json:
            print(printable_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)))

    def warn(self, text: str) -> None:
        """Writes a warning to stderr that does not end the command."""
        if not self._quiet:
            label = f"{_YELLOW}warning:{_RESET}" if self._colored_errors else "warning:"
            print(f"{self._command}: {label} {printable(text)}", file=sys.stderr)

    def note(self, text: str) -> None:
        """Writes a note to stderr about something that is as it should be."""
        if not self._quiet:
            print(f"{self._command}: {printable(text)}", file=sys.stderr)

    def warn_all(self, texts: Iterable[str]) -> None:
        """Warns of each."""
        for text in texts:
            self.warn(text)

    def progress(self, title: str) -> Progress:
        """Returns a bar on stderr; it is silent when stderr is no terminal, or when quiet."""
        return Progress.shown(title, visible=sys.stderr.isatty() and not self._quiet, colored=self._colored_errors)


def colored(stream: TextIO, wanted: str) -> bool:
    """Returns True if a stream gets colours: as asked; "auto": terminals unless NO_COLOR is set or TERM is "dumb"."""
    if wanted != "auto":
        return wanted == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
