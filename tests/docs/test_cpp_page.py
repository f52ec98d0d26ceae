"""The C++ page shows every public header and names only what they declare."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "src" / "include" / "hbm_runtime"
PAGE = (ROOT / "docs" / "api" / "cpp.md").read_text(encoding="utf-8")
NOT_SHOWN = {"export.hpp", "version.hpp"}  # a macro, and numbers


def test_every_public_header_is_shown() -> None:
    public = {path.name.removesuffix(".in") for path in HEADERS.iterdir()} - NOT_SHOWN
    assert len(public) > 8
    shown = re.findall(r"literalinclude\} \.\./\.\./src/include/hbm_runtime/(\S+)", PAGE)
    assert sorted(shown) == sorted(public)


def test_names_in_the_table_are_declared() -> None:
    declared = "".join(path.read_text(encoding="utf-8") for path in HEADERS.iterdir())
    table = re.findall(r"^\| .*? \| (.*) \|$", PAGE, re.MULTILINE)
    names = {name for row in table for cell in re.findall(r"`([\w:]+)(?:\(\))?`", row) for name in cell.split("::")}
    assert {"Runtime", "denseView", "abandon"} <= names
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", declared)] == []
