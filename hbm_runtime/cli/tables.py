"""Tables as plain values; how they look is decided where they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hbm_runtime._printable import printable

_UNITS = ("B", "kB", "MB", "GB", "TB")


def byte_text(size: int) -> str:
    """Writes a number of bytes as people read it."""
    value = float(size)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: Its head.
        right: Numbers are set to the right.
        strong: What the row is about, such as a name.
        colors: Colours of cells by their text: "green", "yellow", "red".
    """

    title: str
    right: bool = False
    strong: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Table:
    """Rows under column heads."""

    title: str
    columns: Sequence[Column]
    rows: list[Sequence[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.title = printable(self.title)

    def add(self, *cells: object) -> None:
        """Appends a row."""
        self.rows.append([printable(str(cell)) for cell in cells])


@dataclass
class Facts:
    """Names with one value each."""

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.title = printable(self.title)

    def add(self, name: str, value: object) -> None:
        """Appends a fact."""
        self.rows.append((printable(name), printable(str(value))))
