"""Tables as lines of text: whole cells, aligned columns, ASCII."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from hbm_runtime.cli.tables import Column, Facts, Table

_BOLD, _RESET = "\033[1m", "\033[0m"
_GAP = "  "


def plain_lines(table: Table | Facts, colored: bool = False) -> Iterator[str]:
    """Yields the lines of a table; only what stands above the rows is ever emphasised."""
    if table.title:
        yield _bold(table.title, colored)
    if isinstance(table, Facts):
        columns: Sequence[Column] = (Column(""), Column(""))
        rows: Sequence[Sequence[str]] = table.rows
    else:
        columns, rows = table.columns, table.rows
    cells = [[cell.splitlines() or [""] for cell in row] for row in rows]
    heads = [column.title for column in columns]
    widths = [
        max([len(head), *(len(line) for row in cells for line in row[index])]) for index, head in enumerate(heads)
    ]
    if any(heads):
        yield _bold(_row(heads, columns, widths), colored)
        yield _GAP.join("-" * width for width in widths)
    for row in cells:
        for lines in zip_longest(*row, fillvalue=""):
            yield _row(lines, columns, widths)


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = [
        cell.rjust(width) if column.right else cell.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
    return _GAP.join(parts).rstrip()


def _bold(text: str, colored: bool) -> str:
    return f"{_BOLD}{text}{_RESET}" if colored else text
