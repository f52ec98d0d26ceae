"""Publishes the figures of ``speed.py``: ``python -m benchmarks.chart [build/bench/results.json]``.

Keeps them in ``results.json`` beside this file, draws ``results.svg`` from it, and writes the documentation's tables.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.native_library import BUILD
from benchmarks.speed_table import with_tables
from tools.make_pictures import COLOURS, box, label, svg

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "guide" / "performance.md"
PICTURES = (ROOT / "benchmarks" / "results.svg", ROOT / "docs" / "_static" / "pictures" / "speed.svg")
SIDES = ("ours", "onnxruntime", "onnxruntime, threads that sleep", "onnxruntime, 1 thread", "openvino")
LEFT, WIDTH, ROW = 235, 760, 17


def latencies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Models with milliseconds by side."""
    for figure in document["figures"]["speed"]:
        name = figure["name"]
        if " alone," in name or " packed," in name:
            yield name.partition(" alone,")[0].partition(",")[0], figure["detail"]


def drawn(document: dict[str, Any]) -> str:
    """The whole picture."""
    models = list(latencies(document))
    longest = max(value for _, times in models for value in times.values())
    about = document["about"]
    machine = f"{about['machine']}, {about['cpus']} CPUs, {' '.join(about['instructions'])}"
    parts = [label(20, 24, "milliseconds of one inference that runs alone: less is better"), label(20, 44, machine)]
    y = 64.0
    for name, times in models:
        parts.append(label(20, y + 12, name))
        for side in (side for side in SIDES if side in times):
            length = (WIDTH - LEFT - 260) * times[side] / longest
            parts.append(box(LEFT, y, length, ROW - 4, COLOURS[SIDES.index(side)]))
            parts.append(label(LEFT + length + 6, y + 11, f"{times[side]:.1f}  {side}"))
            y += ROW
        y += 12
    return svg(WIDTH, int(y), "Latency of models by default, beside ONNX Runtime and OpenVINO", parts)


def main(words: Sequence[str] | None = None) -> None:
    """Writes the figures, the picture and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="?", type=Path, default=BUILD / "results.json")
    measured = json.loads(parser.parse_args(words).results.read_text(encoding="utf-8"))
    document = {"about": measured["about"], "figures": {"speed": measured["figures"]["speed"]}}
    KEPT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for picture in PICTURES:
        picture.write_text(drawn(document), encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), document), encoding="utf-8")


if __name__ == "__main__":
    main()
