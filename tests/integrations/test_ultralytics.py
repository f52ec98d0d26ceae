"""`ultralytics`, unmodified, predicts with a folder that has a ``.hbm`` file and its metadata."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from real_models.fetching import downloads, path_of
from real_models.models import MODELS

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ModelOptions, pack
from hbm_runtime.vision import Detector
from hbm_runtime.vision.layouts import recognise
from hbm_runtime.vision.tables import table_of_heads

PHOTO = Path(__file__).resolve().parents[1] / "packer" / "data" / "astronaut.jpg"
SIDE = 320


def test_a_table_of_heads_holds_what_the_detector_finds_in_the_heads() -> None:
    rng = np.random.default_rng(2)
    outputs: dict[str, Any] = {}
    for stride in (8, 16, 32):
        side = 64 // stride
        outputs[f"c{stride}"] = rng.normal(-1, 2, (1, side, side, 3)).astype(np.float32)
        outputs[f"b{stride}"] = rng.normal(0, 1, (1, side, side, 64)).astype(np.float32)
    table = {"output0": table_of_heads(outputs, recognise({k: v.shape for k, v in outputs.items()}, (64, 64), 3))}
    assert table["output0"].shape == (1, 7, 64 + 16 + 4)
    found = []
    for given in (outputs, table):
        pixels = SimpleNamespace(name="x", shape=(1, 3, 64, 64), np_dtype=np.dtype(np.float32))
        infos = {name: SimpleNamespace(quant=None) for name in given}
        model: Any = SimpleNamespace(name="m", inputs={"x": pixels}, outputs=infos)
        found.append(Detector(model, confidence=0.5).decode(given))
    assert len(found[0]) > 5
    np.testing.assert_allclose(found[0].boxes, found[1].boxes, atol=1e-3)
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-5)
    np.testing.assert_array_equal(found[0].classes, found[1].classes)


# What torch and Ultralytics warn of is not this project's business.
@pytest.mark.filterwarnings("ignore")
def test_yolo_predicts_with_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    ultralytics = pytest.importorskip("ultralytics", reason="ultralytics is not installed", exc_type=ImportError)
    trained = path_of(next(each for each in MODELS if each.name.startswith("nudenet")), downloads())
    if not trained.exists():
        pytest.skip("the trained models are not here; ./build.sh test downloads them")
    from hbm_runtime.integrations.ultralytics import register

    folder = tmp_path / "net_hbm_model"
    folder.mkdir()
    pack(trained, folder / "net.hbm", ModelOptions(input_shapes={"images": (1, 3, SIDE, SIDE)}))
    names = {number: f"class {number}" for number in range(18)}
    facts = {"task": "detect", "stride": 32, "batch": 1, "imgsz": [SIDE, SIDE], "names": names}
    (folder / "metadata.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    register()
    register()
    picture = np.asarray(cv2.imread(str(PHOTO)), np.uint8)
    model = ultralytics.YOLO(str(folder), task="detect")
    (result,) = model.predict(picture, imgsz=SIDE, conf=0.25, iou=0.45, verbose=False)
    with HB_HBMRuntime(str(folder / "net.hbm")) as runtime:
        expected = Detector(runtime)(picture)
    assert len(result.boxes) == len(expected) >= 1
    np.testing.assert_array_equal(result.boxes.cls.numpy(), expected.classes)
    # The letterboxes differ by 1 in some pixels.
    np.testing.assert_allclose(result.boxes.conf.numpy(), expected.scores, atol=0.02)
    np.testing.assert_allclose(result.boxes.xyxy.numpy(), expected.boxes, atol=3)
    assert result.names[1] == "class 1"
