"""``model_info --graph``, ``compare``, ``samples`` and ``link``."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from support.model_factory import ModelFactory
from support.program import run

SVG = "{http://www.w3.org/2000/svg}"


def test_a_drawing_has_inputs_operations_and_outputs(models: ModelFactory, tmp_path: Path) -> None:
    assert run("model_info", models.mixed(), "--graph", "mixed.svg", cwd=tmp_path).code == 0
    root = ElementTree.parse(tmp_path / "mixed.svg").getroot()
    boxes = [(group.get("class"), group.findtext(f"{SVG}text") or "") for group in root.iter(f"{SVG}g")]
    assert sorted(name for kind, name in boxes if kind == "input") == ["count", "gain", "mask"]
    assert sorted(name for kind, name in boxes if kind == "operation") == ["Add", "Neg", "Transpose"]
    assert sorted(name for kind, name in boxes if kind == "output") == ["alpha", "mike", "zulu"]
    arrows = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(arrows) == 6


Point = tuple[float, float]


def along(path: str) -> list[Point]:
    """Points of a path of lines and cubic curves."""
    found: list[Point] = []
    for kind, text in re.findall(r"([MLC])([^MLC]+)", path):
        ends = [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+),([-\d.]+)", text)]
        if kind == "C":
            curve = [found[-1], *ends]
            for step in range(1, 20):
                t = step / 20
                parts = [(1, 3, 3, 1)[i] * (1 - t) ** (3 - i) * t**i for i in range(4)]
                x, y = (sum(part * point[axis] for part, point in zip(parts, curve, strict=True)) for axis in (0, 1))
                found.append((x, y))
        found.append(ends[-1])
    return found


def test_arrows_go_around_the_boxes_of_the_layers_that_they_cross(tmp_path: Path, models: ModelFactory) -> None:
    assert run("model_info", models.sample("yolov5x_672x672_nv12"), "--graph", "yolo.svg", cwd=tmp_path).code == 0
    root = ElementTree.parse(tmp_path / "yolo.svg").getroot()
    boxes = [
        [float(rectangle.get(name, "")) for name in ("x", "y", "width", "height")]
        for group in root.iter(f"{SVG}g")
        for rectangle in group.iter(f"{SVG}rect")
    ]
    arrows = [along(path.get("d", "")) for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    crossed = [
        (point, box)
        for arrow in arrows
        for point in arrow[1:-1]
        for box in boxes
        if box[0] < point[0] < box[0] + box[2] and box[1] < point[1] < box[1] + box[3]
    ]
    assert crossed == []
    assert max(x for arrow in arrows for x, _ in arrow) < float(root.get("width", ""))


def test_models_that_differ_fail_the_comparison(models: ModelFactory) -> None:
    assert run("compare", models.scaled(2), models.scaled(2), "--json").json()["passed"] is True
    ended = run("compare", models.scaled(2), models.scaled(3), "--largest_error", "0.001")
    assert ended.code == 3
    assert "FAILED" in ended.out


def test_packed_files_are_linked(models: ModelFactory, tmp_path: Path) -> None:
    for factor in (2, 3):
        assert run("pack", "-m", models.scaled(factor), "-o", f"{factor}.hbm", cwd=tmp_path).code == 0
    document = run("link", "2.hbm", "3.hbm", "-o", "both.hbm", "--json", cwd=tmp_path).json()
    assert document["models"] == ["times_2", "times_3"]
    assert run("model_info", "both.hbm", "--json", cwd=tmp_path).json()["models"][1]["name"] == "times_3"


def test_a_sample_runs(tmp_path: Path) -> None:
    document = run("samples", tmp_path, "--board", "s600", "--names", "asr", "--json").json()
    assert document["files"] == [str(tmp_path / "s600" / "basic" / "asr.hbm")]
    assert run("perf", *document["files"], "--frame_count=1").code == 0
