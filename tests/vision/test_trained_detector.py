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
from hbm_runtime.image import Letterbox
from hbm_runtime.packer import pack
from hbm_runtime.vision import Detector

PHOTO = Path(__file__).resolve().parents[1] / "packer" / "data" / "astronaut.jpg"
SIDE = 320
CERTAIN = 0.32  # so far above the threshold that a slightly different picture does not hide it


@pytest.fixture
def trained() -> Path:
    model: RealModel = next(each for each in MODELS if each.name.startswith("nudenet"))
    path = path_of(model, downloads())
    if not path.exists() and not CHOSEN:
        pytest.skip("the trained models are not here; ./build.sh test downloads them")
    return path


def pictures() -> dict[str, Any]:
    """A photo, and what one sees of it in other sizes, lights and numbers."""
    photo = np.asarray(cv2.imread(str(PHOTO)), np.uint8)
    height, width = photo.shape[:2]
    noise = np.random.default_rng(5).normal(0, 12, photo.shape)
    return {
        "photo": photo,
        "mirrored": photo[:, ::-1].copy(),
        "two": np.concatenate([photo, photo[:, ::-1]], axis=1),
        "upper part": photo[: height * 5 // 8].copy(),
        "narrow": photo[:, width // 5 : width * 3 // 4].copy(),
        "large": cv2.resize(photo, (width * 2 + 1, height * 2 + 3), interpolation=cv2.INTER_CUBIC),
        "small": cv2.resize(photo, (width // 2 - 1, height // 2), interpolation=cv2.INTER_AREA),
        "dark": (photo * 0.45).astype(np.uint8),
        "noisy": (photo + noise).clip(0, 255).astype(np.uint8),
        "grey": cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
        "black": np.zeros((240, 300, 3), np.uint8),
    }


PICTURES = pictures()
NOTHING = {"black"}


def table_of(path: Path, picture: Any) -> Any:
    """The model's only output, with OpenCV before it, as the wheel's users get it."""
    side = max(picture.shape[:2])
    padded = cv2.copyMakeBorder(picture, 0, side - picture.shape[0], 0, side - picture.shape[1], cv2.BORDER_CONSTANT)
    blob = cv2.dnn.blobFromImage(padded, 1 / 255, (SIDE, SIDE), (0, 0, 0), swapRB=True, crop=False)
    return onnxruntime.InferenceSession(path).run(None, {"images": blob})[0]


def expected(table: Any, side: int, ends: tuple[int, int], confidence: float) -> list[tuple[int, float, Any]]:
    """Class, score and edges, within (width, height), of what OpenCV and plain code find, the most certain first."""
    rows = np.asarray(table)[0].T
    scores, classes = rows[:, 4:].max(axis=1), rows[:, 4:].argmax(axis=1)
    middles, sizes = rows[:, :2] * side / SIDE, rows[:, 2:4] * side / SIDE
    boxes = np.concatenate([middles - sizes / 2, sizes], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), scores.tolist(), classes.tolist(), confidence, 0.45)
    edges = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).clip(0, [*ends, *ends])
    return [(int(classes[i]), float(scores[i]), edges[i]) for i in np.asarray(kept, int).reshape(-1)]


@pytest.mark.parametrize("name", PICTURES)
def test_what_a_table_holds_is_what_plain_code_reads(trained: Path, name: str) -> None:
    picture = PICTURES[name]
    table = table_of(trained, picture)
    side = max(picture.shape[:2])
    square = Letterbox((side, side), (SIDE, SIDE), 0, 0, (SIDE, SIDE))
    with HB_HBMRuntime(str(trained)) as runtime:
        (output,) = runtime[runtime.model_names[0]].outputs
        found = Detector(runtime, size=(SIDE, SIDE), confidence=0.1).decode({output: table}, square)
    wanted = expected(table, side, (side, side), 0.1)
    assert len(found) == len(wanted)
    assert bool(wanted) == (name not in NOTHING)
    assert found.classes.tolist() == [kind for kind, _, _ in wanted]
    np.testing.assert_array_equal(found.scores, np.array([score for _, score, _ in wanted], np.float32))
    np.testing.assert_allclose(
        found.boxes.reshape(-1, 4), np.reshape([box for _, _, box in wanted], (-1, 4)), atol=1e-3
    )


@pytest.mark.parametrize("packed", [False, True], ids=["onnx", "packed"])
def test_faces_on_photos(trained: Path, tmp_path: Path, packed: bool) -> None:
    file = trained
    if packed:
        file = tmp_path / "detector.hbm"
        pack(trained, file)
    with HB_HBMRuntime(str(file)) as runtime:
        detector = Detector(runtime, size=(SIDE, SIDE), color=0, center=False)
        for name, picture in PICTURES.items():
            found = detector(picture)
            wanted = expected(table_of(trained, picture), max(picture.shape[:2]), picture.shape[1::-1], 0.25)
            assert bool(wanted) == (name not in NOTHING)
            # hbm_runtime.image and OpenCV resize to numbers that differ by 1 in some places.
            for kind, score, box in wanted:
                if score > CERTAIN:
                    at = int(np.abs(found.boxes - box).max(axis=1).argmin())
                    assert found.classes[at] == kind, name
                    assert float(found.scores[at]) == pytest.approx(score, abs=0.05), name
                    np.testing.assert_allclose(found.boxes[at], box, atol=max(picture.shape) / 100, err_msg=name)
            assert sum(found.scores > CERTAIN) <= len(wanted), name
            drawn = found.draw(picture, names=["?"] * 18)
            assert drawn.shape == picture.shape
            assert (drawn != picture).any() == bool(wanted)
