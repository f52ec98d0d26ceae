"""One page lists every environment variable that is read."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READS = re.compile(r'(?:getenv|variable|environ\.get|environ\.setdefault)\(\s*"([A-Z_]+)"|environ\["([A-Z_]+)"\]')


def names_read() -> set[str]:
    files = [*(ROOT / "src").rglob("*.cpp"), *(ROOT / "src").rglob("*.hpp"), *(ROOT / "hbm_runtime").rglob("*.py")]
    found = [match for file in files for match in READS.findall(file.read_text(encoding="utf-8"))]
    return {first or second for first, second in found}


def test_the_page_lists_what_is_read_and_nothing_else() -> None:
    page = (ROOT / "docs" / "guide" / "environment-variables.md").read_text(encoding="utf-8")
    of_users, _, _ = page.partition("## Building and testing")
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \|", of_users, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {"HBM_RUNTIME_DRIVER", "BPUSIM_SOC"} <= names_read()
    assert sorted(listed ^ names_read()) == []


def test_what_switches_tests_on_is_listed() -> None:
    page = (ROOT / "docs" / "guide" / "environment-variables.md").read_text(encoding="utf-8")
    files = [*(ROOT / "tests").rglob("*.py"), ROOT / "build.sh"]
    read = re.compile(r'environ(?:\.get\(|\[)"(HBM_\w+)"|export (HBM_\w+)=')
    switches = {first or second for file in files for first, second in read.findall(file.read_text(encoding="utf-8"))}
    assert {"HBM_TEST_PAGES", "HBM_RUNTIME_REAL_MODELS"} <= switches
    assert sorted(name for name in switches if f"`{name}`" not in page) == []


def test_the_index_leads_to_every_page_of_the_guide() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").glob("*/*.md")}
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)\)", index))
    assert sorted(page for page in pages - linked if not page.startswith("_")) == []
