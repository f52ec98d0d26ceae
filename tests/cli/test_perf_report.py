"""The page of ``perf --report`` holds the figures of the measurement, needs nothing else, and fits on a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from support import onnx_models
from support.model_factory import ModelFactory
from support.program import run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "link", "br", "img"}


class Reader(HTMLParser):
    """What a page says, what it loads, and whether every element ends."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]
        assert tag != "script"

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def report(model: Path, folder: Path, *more: object) -> tuple[Path, dict[str, dict[str, object]]]:
    page = folder / "perf.html"
    return page, run("perf", model, "--report", page, "--frame_count=40", "--json", *more).json()


def test_the_page_has_the_figures_and_needs_no_other_file(models: ModelFactory, tmp_path: Path) -> None:
    page, document = report(models.scaled(2), tmp_path, "--thread_num=2")
    content = page.read_text(encoding="utf-8")
    reader = Reader(content)
    assert reader.loads == []
    assert set(re.findall(r"url\((.)", content)) <= {"#"}
    text = " ".join(reader.text)
    latency = document["perf_result"]["latency_ms"]
    assert isinstance(latency, dict)
    for name in ("min", "p50", "p90", "p95", "p99", "p99.9", "max", "mean", "std"):
        assert f"{latency[name]:.3f}" in text, name
    for part in ("computing", "copying inputs", "Operators", "Mul", "core 0", "Memory", "bpusim", "numpy"):
        assert part in text, part
    assert sum(int(count) for count in re.findall(r"<title>(\d+) frames from", content)) <= 40
    assert content.count("<svg") >= 2
    assert "2 x 3" in text  # the model, drawn or as a list


def test_shares_of_operators_add_up_from_the_longest(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    graph = onnx_models.build(
        nodes, [("x", "F32", (1, 400))], [("y", "F32", (1, 400))], {"w": np.ones((400, 400), np.float32)}
    )
    model = tmp_path / "two.onnx"
    onnx.save(graph, str(model))
    page, _ = report(model, tmp_path)
    rows = re.findall(r"<tr><th>[^<]+</th><td>([\d.]+)</td><td>([\d.]+)%</td><td>([\d.]+)%</td>", page.read_text())
    times = [float(time) for time, _, _ in rows]
    assert len(times) >= 1
    assert times == sorted(times, reverse=True)
    assert float(rows[-1][2]) == pytest.approx(100, abs=0.2)


def test_names_are_text_and_not_markup(tmp_path: Path) -> None:
    graph = onnx_models.scaled(2)
    graph.graph.name = "<script>alert(1)</script>"
    graph.graph.node[0].name = "<img src=x>"
    model = tmp_path / "a<b>&c.onnx"
    onnx.save(graph, str(model))
    page, _ = report(model, tmp_path)
    assert Reader(page.read_text(encoding="utf-8")).loads == []


def test_only_html_files_are_written_and_no_model_is_overwritten(models: ModelFactory, tmp_path: Path) -> None:
    done = run("perf", models.scaled(2), "--report", tmp_path / "perf.pdf", "--frame_count=1")
    assert done.code == 2
    assert "must end in .html" in done.err
    model = tmp_path / "model.html"
    shutil.copy(models.scaled(2), model)
    before = model.read_bytes()
    assert run("perf", model, "--report", model, "--frame_count=1").code != 0
    assert model.read_bytes() == before


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("width", [500, 1200])
def test_nothing_sticks_out_in_a_browser(models: ModelFactory, tmp_path: Path, width: int) -> None:
    page, _ = report(models.scaled(2), tmp_path)
    looked_at = tmp_path / "looked_at.html"
    script = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"
    looked_at.write_text(page.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--window-size={width},900", "--dump-dom", looked_at.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(\d+) of (\d+)</title>", done.stdout)
    assert title is not None
    assert int(title[1]) <= int(title[2])
