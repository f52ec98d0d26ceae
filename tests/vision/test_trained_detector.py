"""A trained YOLOv8n of a published wheel, as ONNX and packed, finds on a photo what the wheel's own way finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
from real_models.catalogue import RealModel
from real_models.fetching import CHOSEN, downloads, path_of
from real_models.models import MODELS

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import pack
from hbm_runtime.vision import Detector

PHOTO = Path(__file__).resolve().parents[1] / "packer" / "data" / "astronaut.jpg"
SIDE = 320
FACE_OF_A_WOMAN = 1


@pytest.fixture
def trained() -> Path:
    model: RealModel = next(each for each in MODELS if each.name.startswith("nudenet"))
    path = path_of(model, downloads())
    if not path.exists() and not CHOSEN:
        pytest.skip("the trained models are not here; ./build.sh test downloads them")
    return path


def expected(path: Path, picture: Any) -> list[tuple[int, float, list[float]]]:
    """Class, score and box (x, y, width, height) as the wheel's users get them: OpenCV before and after."""
    side = max(picture.shape[:2])
    padded = cv2.copyMakeBorder(picture, 0, side - picture.shape[0], 0, side - picture.shape[1], cv2.BORDER_CONSTANT)
    blob = cv2.dnn.blobFromImage(padded, 1 / 255, (SIDE, SIDE), (0, 0, 0), swapRB=True, crop=False)
    (table,) = onnxruntime.InferenceSession(path).run(None, {"images": blob})
    rows = np.asarray(table)[0].T
    scores, classes = rows[:, 4:].max(axis=1), rows[:, 4:].argmax(axis=1)
    middles, sizes = rows[:, :2] * side / SIDE, rows[:, 2:4] * side / SIDE
    boxes = np.concatenate([middles - sizes / 2, sizes], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.25, 0.45)
    return [(int(classes[i]), float(scores[i]), boxes[i].tolist()) for i in np.asarray(kept).reshape(-1)]


@pytest.mark.parametrize("packed", [False, True], ids=["onnx", "packed"])
def test_a_face_on_a_photo(trained: Path, tmp_path: Path, packed: bool) -> None:
    picture = np.asarray(cv2.imread(str(PHOTO)), np.uint8)
    file = trained
    if packed:
        file = tmp_path / "detector.hbm"
        pack(trained, file)
    with HB_HBMRuntime(str(file)) as runtime:
        found = Detector(runtime, size=(SIDE, SIDE), color=0, center=False)(picture)
    wanted = expected(trained, picture)
    assert len(wanted) == len(found) >= 1
    assert FACE_OF_A_WOMAN in found.classes
    for kind, score, (left, top, width, height) in wanted:
        at = int(np.abs(found.scores - score).argmin())
        assert found.classes[at] == kind
        # hbm_runtime.image and OpenCV resize to numbers that differ by 1 in some places.
        assert float(found.scores[at]) == pytest.approx(score, abs=0.02)
        edges = np.clip([left, top, left + width, top + height], 0, [*picture.shape[1::-1]] * 2)
        np.testing.assert_allclose(found.boxes[at], edges, atol=3)
    drawn = found.draw(picture, names=["?"] * 18)
    assert drawn.shape == picture.shape
    assert (drawn != picture).any()
