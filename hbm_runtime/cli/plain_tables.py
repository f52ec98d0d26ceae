"""Tables as lines of text: whole cells, aligned columns, ASCII."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from hbm_runtime.cli.tables import Column, Facts, Table

_BOLD, _RESET = "\033[1m", "\033[0m"
_COLORS = {"green": "\033[32m", "yellow": "\033[33m", "red": "\033[1;31m"}
_GAP = "  "


def plain_lines(table: Table | Facts, colored: bool = False) -> Iterator[str]:
    """Yields the lines of a table; coloured are what stands above the rows, and cells whose column says so."""
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
        yield _bold(_row(heads, columns, widths, colored=False), colored)
        yield _GAP.join("-" * width for width in widths)
    for row in cells:
        for lines in zip_longest(*row, fillvalue=""):
            yield _row(lines, columns, widths, colored=colored)


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], *, colored: bool) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        part = cell.rjust(width) if column.right else cell.ljust(width)
        color = _COLORS.get(column.colors.get(cell, "")) if colored else None
        parts.append(f"{color}{part}{_RESET}" if color else part)
    return _GAP.join(parts).rstrip()


def _bold(text: str, colored: bool) -> str:
    return f"{_BOLD}{text}{_RESET}" if colored else text
