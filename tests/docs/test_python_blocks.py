"""Every Python block of the documentation runs.

The blocks of a page run in order, as one program, in a folder that has only the files of `support.documents`. A block
whose first line is a comment that starts with NOT_RUN is left out; readers of the page see the reason there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.documents import write_files

ROOT = Path(__file__).resolve().parents[2]
NOT_RUN = "# Not run in the tests: "
FENCE = re.compile(r"^```(?:python|\{code-block\} python)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def program(page: str) -> str:
    """Returns the runnable blocks as a program whose line numbers are those of the page."""
    lines: list[str] = []
    for block in FENCE.finditer(page):
        code = block.group(1)
        if code.startswith(NOT_RUN):
            continue
        start = page.count("\n", 0, block.start(1))
        lines += [""] * (start - len(lines))
        lines += code.splitlines()
    return "\n".join(lines)


def pages_with_blocks() -> list[Path]:
    return [page for page in PAGES if "_build" not in page.parts and program(page.read_text(encoding="utf-8")).strip()]


@pytest.mark.parametrize("page", pages_with_blocks(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    write_files(tmp_path)
    script = tmp_path / f"{page.stem}.md.py"
    script.write_text(program(page.read_text(encoding="utf-8")), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-X", "faulthandler", script.name],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode == 0, f"{page.relative_to(ROOT)} (the line numbers are the page's):\n{result.stderr}"


def test_blocks_are_found_and_keep_their_lines() -> None:
    page = "# Title\n\n```python\na = 1\n```\n\ntext\n\n```python\nb = a\n```\n```sh\nls\n```\n"
    assert program(page).splitlines() == ["", "", "", "a = 1", "", "", "", "", "", "b = a"]


def test_only_an_explicit_first_line_leaves_a_block_out() -> None:
    assert program(f"```python\n{NOT_RUN}needs a board.\nx = 1\n```\n") == ""
    assert "x = 1" in program(f"```python\nx = 1\n{NOT_RUN}too late.\n```\n")


def test_the_pages_that_every_reader_starts_with_have_blocks() -> None:
    names = {str(page.relative_to(ROOT)) for page in pages_with_blocks()}
    assert {"README.md", "docs/getting-started.md"} <= names
