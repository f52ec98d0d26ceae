"""The parts of the demo, and the whole: the packed models read what the trained ones read."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from support.demo_downloads import downloads
from support.program import run

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.demo import __main__ as program
from hbm_runtime.demo import assets, ocr_models
from hbm_runtime.demo.drawing import draw_lines, read_picture
from hbm_runtime.demo.reader import Line, fit_into_square, read_lines
from hbm_runtime.image import Letterbox
from hbm_runtime.packer.engine import Session
from hbm_runtime.vision import cut_out, find_text, read_text, to_strip

Array = NDArray[Any]


def box(left: float, top: float, right: float, bottom: float) -> Array:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_boxes_grow_around_the_marked_text_in_reading_order() -> None:
    probabilities = np.zeros((200, 200), np.float32)
    for left, top in ((110, 20), (10, 22), (10, 100)):
        probabilities[top : top + 10, left : left + 60] = 0.9
    probabilities[150:152, 10:12] = 0.9
    boxes = find_text(probabilities, Letterbox((100, 100), (200, 200), 0, 0, (200, 200)))
    assert len(boxes) == 3
    centres = [tuple(np.round(corners.mean(axis=0)).astype(int)) for corners in boxes]
    assert centres == [(20, 14), (70, 12), (20, 52)]
    width, height = boxes[2].max(axis=0) - boxes[2].min(axis=0)
    assert width > 60 / 2
    assert height > 10 / 2


def test_a_strip_holds_the_content_of_a_box() -> None:
    image = np.zeros((60, 100, 3), np.uint8)
    image[20:40, 30:80] = 255
    assert cut_out(image, box(30, 20, 79, 39)).mean() > 250
    standing = cut_out(image, box(30, 5, 39, 59))
    assert standing.shape[1] > standing.shape[0]
    strip = to_strip(np.full((10, 20, 3), 255, np.uint8), 48, 320)
    assert strip.shape == (1, 48, 320, 3)
    assert (strip[0, :, :96] == 255).all()
    assert (strip[0, :, 96:] == 128).all()


def test_repeats_count_once_and_the_first_class_separates() -> None:
    classes = [0, 1, 1, 0, 1, 2, 2, 0]
    probabilities = np.full((len(classes), 3), 0.1, np.float32)
    probabilities[np.arange(len(classes)), classes] = 0.8
    text, confidence = read_text(probabilities, ["", "a", "b"])
    assert text == "aab"
    assert confidence == pytest.approx(0.8)
    assert read_text(np.array([[1.0, 0.0]], np.float32), ["", "a"]) == ("", 0.0)


def test_boxes_and_any_text_are_drawn(tmp_path: Path) -> None:
    image = np.full((50, 100, 3), 255, np.uint8)
    draw_lines(image, [Line("größe 文字", 0.9, box(10, 10, 90, 40))], tmp_path / "drawn.png")
    drawn = cv2.imread(str(tmp_path / "drawn.png"))
    assert drawn is not None
    assert drawn.shape[1] == 2 * drawn.shape[0] * 2
    left, right = np.split(drawn, 2, axis=1)
    assert (left != 255).any()
    assert (right != 255).any()


def test_a_wheel_is_downloaded_once_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def fake_pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        with zipfile.ZipFile(tmp_path / "scikit_image-0.25.2-cp311-any.whl", "w") as wheel:
            wheel.writestr(assets.PICTURE, b"picture")
            wheel.writestr(assets.SECOND_PICTURE, b"other")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", fake_pip)
    assert assets.fetch(assets.PICTURE, tmp_path).read_bytes() == b"picture"
    assert assets.fetch(assets.SECOND_PICTURE, tmp_path).read_bytes() == b"other"
    assert assets.fetch(assets.PICTURE, tmp_path).read_bytes() == b"picture"
    assert len(calls) == 1
    assert "--require-hashes" in calls[0]
    assert "sha256:" in (tmp_path / "requirements.txt").read_text(encoding="utf-8")


def test_a_failed_download_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing_pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "noise\nERROR: no network")

    monkeypatch.setattr(subprocess, "run", failing_pip)
    assert program.main(["-o", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["demo: cannot download rapidocr-onnxruntime==1.4.4: ERROR: no network"]


def photographed(page: Array) -> Array:
    """The page as a camera sees it: askew, in coloured light, on a blue table."""
    height, width = page.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[60, 50], [740, 20], [780, 400], [30, 430]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, seen)
    table = (150, 90, 40)
    photo = cv2.warpPerspective(page, turn, (800, 450), borderValue=table, flags=cv2.INTER_CUBIC)
    lamp = np.array([0.75, 0.95, 1.0]) * np.linspace(1, 0.8, 800)[None, :, None]
    return np.asarray(photo * lamp, np.uint8)


@pytest.mark.parametrize("seen", [np.asarray, photographed], ids=["scan", "photo"])
def test_the_packed_models_read_what_the_trained_ones_read(
    seen: Callable[[Array], Array], files: ocr_models.OnnxFiles, tmp_path: Path
) -> None:
    image = seen(read_picture(assets.fetch(assets.PICTURE, downloads())))
    characters = ocr_models.read_characters(files.recognition)
    detection, recognition = (Session(path, optimise=False) for path in (files.detection, files.recognition))

    def normalised(bgr: Array) -> Array:
        return np.ascontiguousarray(((bgr.astype(np.float32) / 255 - 0.5) / 0.5).transpose(0, 3, 1, 2))

    def run_trained(model: str, inputs: dict[str, Array]) -> Array:
        if model == ocr_models.DETECTION:
            # The trained model sees the picture itself, not its NV12 planes.
            square, _ = fit_into_square(image)
            return next(iter(detection.run({"x": normalised(square[None])}).values()))
        return next(iter(recognition.run({"x": normalised(inputs["x"])}).values()))

    ocr_models.pack_models(files, tmp_path / "ocr.hbm")
    runtime = HB_HBMRuntime(str(tmp_path / "ocr.hbm"))
    assert runtime.model_names == [ocr_models.DETECTION, ocr_models.RECOGNITION]

    def run_packed(model: str, inputs: dict[str, Array]) -> Array:
        outputs = runtime.run(inputs, model_name=model)[model]
        return outputs[runtime.output_names[model][0]]

    expected = list(read_lines(image, run_trained, characters))
    found = list(read_lines(image, run_packed, characters))
    assert [line.text for line in found] == [line.text for line in expected]
    assert len(found) >= 5
    assert any("segmentation" in line.text for line in found), [line.text for line in found]
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one.box - other.box).max() <= 2.0


def test_the_program_reads_a_picture_and_draws_it(
    files: ocr_models.OnnxFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    for path in (files.detection, files.recognition):
        (folder / path.name).symlink_to(path)
    picture = Image.new("RGB", (600, 400), "white")
    ImageDraw.Draw(picture).text((60, 150), "Year 2026", "black", ImageFont.load_default(60))
    picture.save(tmp_path / "sign.png")
    assert program.main([str(tmp_path / "sign.png"), "-o", str(tmp_path)]) == 0
    assert "2026" in capsys.readouterr().out
    assert (tmp_path / "sign_read.png").exists()
    (tmp_path / "sign_read.png").unlink()
    document = run("demo", tmp_path / "sign.png", "-o", tmp_path, "--json").json()
    assert "2026" in " ".join(line["text"] for line in document["lines"])
    assert Path(document["drawn"]).exists()
    assert np.array(document["lines"][0]["box"]).shape == (4, 2)
