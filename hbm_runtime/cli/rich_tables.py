"""Tables for terminals, drawn by rich."""

from __future__ import annotations

import os

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from hbm_runtime.cli.tables import Facts, Table


def print_rich(table: Table | Facts, colored: bool) -> None:
    """Prints to stdout, as wide as the terminal."""
    _console(colored).print(rich_table(table))


def rich_table(table: Table | Facts) -> RichTable:
    """Makes the table that rich can draw."""
    if isinstance(table, Facts):
        drawn = RichTable(title=table.title or None, title_justify="left", title_style="bold", show_header=False)
        drawn.box = box.SIMPLE
        drawn.add_column(style="cyan", no_wrap=True)
        drawn.add_column(overflow="fold")
        for name, value in table.rows:
            drawn.add_row(Text(name), Text(value))
        return drawn
    drawn = RichTable(
        title=table.title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_header=any(column.title for column in table.columns),
    )
    for column in table.columns:
        drawn.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            style="cyan" if column.strong else None,
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(
            *[Text(cell, style=column.colors.get(cell, "")) for cell, column in zip(row, table.columns, strict=True)]
        )
    return drawn


def _console(colored: bool) -> Console:
    if not colored:
        return Console(color_system=None, no_color=True, highlight=False)
    return Console(
        force_terminal=True,
        color_system="truecolor" if os.environ.get("COLORTERM") in {"truecolor", "24bit"} else "256",
        highlight=False,
        no_color=False,
    )
