"""The figures of the page "Performance", its picture and its tables, are those of benchmarks/results.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guide" / "performance.md"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from benchmarks import chart, speed_table

    return chart, speed_table


@pytest.fixture
def figures() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    return document


def test_the_tables_are_made_from_the_figures(benchmarks: Any, figures: dict[str, Any]) -> None:
    _, speed_table = benchmarks
    page = PAGE.read_text(encoding="utf-8")
    assert speed_table.with_tables(page, figures) == page, "run python -m benchmarks.chart benchmarks/results.json"
    for figure in figures["figures"]["speed"]:
        for value in figure["detail"].values():
            assert (f"({value:.0f}) |" if ", values that" in figure["name"] else f"| {value:.1f} |") in page


def test_the_pictures_are_made_from_the_figures(benchmarks: Any, figures: dict[str, Any]) -> None:
    chart, _ = benchmarks
    for picture in chart.PICTURES:
        assert picture.read_text(encoding="utf-8") == chart.drawn(figures)
