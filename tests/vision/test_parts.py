"""Pictures as inputs, classes, drawing, and what is missing."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support import onnx_models
from support.child import output_of, run_python

from hbm_runtime import HB_HBMRuntime, InputError, MissingPackageError, QuantParams, quantize
from hbm_runtime.image import bgr_to_nv12, letterbox
from hbm_runtime.vision import Classes, Detections, Detector, PictureInput, classify, non_maximum_suppression

PICTURE = np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8)


def model(*inputs: tuple[str, tuple[int, ...], str]) -> Any:
    infos = {name: SimpleNamespace(name=name, shape=shape, np_dtype=np.dtype(dtype)) for name, shape, dtype in inputs}
    return SimpleNamespace(name="m", inputs=infos)


def test_planes_of_nv12() -> None:
    taken = PictureInput.of(model(("c", (1, 16, 32, 2), "uint8"), ("l", (1, 32, 64, 1), "uint8")))
    inputs, place = taken.prepare(PICTURE, range="video", color=7, center=False)
    boxed, expected = letterbox(PICTURE, (64, 32), 7, center=False)
    y, uv = bgr_to_nv12(boxed, range="video")
    assert place == expected
    np.testing.assert_array_equal(inputs["l"], y)
    np.testing.assert_array_equal(inputs["c"], uv)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16"])
@pytest.mark.parametrize("planar", [True, False])
def test_pixels(dtype: str, planar: bool) -> None:
    taken = PictureInput.of(model(("x", (1, 3, 32, 64) if planar else (1, 32, 64, 3), dtype)))
    inputs, _ = taken.prepare(PICTURE)
    rgb = letterbox(PICTURE, (64, 32))[0][None, :, :, ::-1]
    wanted = rgb.transpose(0, 3, 1, 2) if planar else rgb
    assert inputs["x"].dtype == dtype
    assert inputs["x"].flags.c_contiguous
    np.testing.assert_allclose(inputs["x"], wanted if dtype == "uint8" else wanted / 255, atol=1e-3)


@pytest.mark.parametrize(
    ("inputs", "size", "text"),
    [
        ([("x", (1, 3, -1, -1), "float32")], None, r"any size; pass size=\(width, height\)"),
        ([("x", (1, 3, 32, 64), "float32")], (32, 64), "takes pictures of 64 x 32, not 32 x 64"),
        ([("x", (1, 3, 32, 64), "int8")], None, "take no picture of a known kind"),
        ([("x", (1, 3, 8, 8), "uint8"), ("y", (1, 8), "float32")], None, "take no picture of a known kind"),
    ],
)
def test_inputs_that_take_no_picture(inputs: Any, size: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        PictureInput.of(model(*inputs), size)


def test_a_runtime_with_several_models_must_be_told_which(tmp_path: Any) -> None:
    import onnx

    for name in ("first", "second"):
        onnx.save(onnx_models.identity("F32", (1, 3, 32, 32)), str(tmp_path / f"{name}.onnx"))
    with HB_HBMRuntime([str(tmp_path / "first.onnx"), str(tmp_path / "second.onnx")]) as runtime:
        with pytest.raises(InputError, match=r"pass one of them, such as runtime\['first'\]"):
            Detector(runtime)
        assert Detector(runtime["first"]).input.size == (32, 32)


def test_classes() -> None:
    logits = np.array([[[[1.0, 4.0, -2.0, 4.0, 3.0]]]], np.float32)
    found = classify(logits, count=3)
    powers = np.exp(logits.reshape(-1).astype(float))
    assert isinstance(found, Classes)
    assert found.classes.tolist() == [1, 3, 4]
    np.testing.assert_allclose(found.scores, (powers / powers.sum())[[1, 3, 4]], rtol=1e-6)
    probabilities = np.array([[0.1, 0.7, 0.2]], np.float32)
    assert classify(probabilities).scores.tolist() == pytest.approx([0.7, 0.2, 0.1])
    assert classify(probabilities, logits=True).scores[0] < 0.5
    integers = np.array([[10, 40, -20]], np.int8)
    quant = QuantParams(scale=[0.1, 0.1, 1.0], axis=1)
    np.testing.assert_allclose(
        classify(integers, quant).scores, classify(np.array([[1.0, 4.0, -20.0]])).scores, rtol=1e-5
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16])
def test_a_softmax_of_coarse_steps_is_none_of_logits(dtype: type[np.integer[Any]]) -> None:
    """Rounding moves the sum of 1000 classes far from 1, yet what cannot store more than 1 are no logits."""
    probabilities = np.full(1000, 0.243 / 999, np.float32)
    probabilities[7] = 0.757
    top = int(np.iinfo(dtype).max)
    quant = QuantParams(scale=[1 / top], zero_point=[0])
    stored = quantize(probabilities.reshape(1, 1000), quant, dtype)
    found = classify(stored, quant, count=1)
    assert found.classes.tolist() == [7]
    assert float(found.scores[0]) == pytest.approx(0.757, abs=1 / top)
    by_channel = QuantParams(scale=np.full(1000, 1 / top), zero_point=np.zeros(1000, np.int32), axis=1)
    assert classify(stored, by_channel, count=1).scores[0] == found.scores[0]


def test_logits_of_coarse_steps_stay_logits() -> None:
    quant = QuantParams(scale=[0.1], zero_point=[0])
    stored = np.array([[4, 5, 1, 0, 2]], np.uint8)  # none is negative, and 1.2 is within half a step a class of 1
    expected = np.exp(stored[0] / 10) / np.exp(stored[0] / 10).sum()
    np.testing.assert_allclose(classify(stored, quant).scores, np.sort(expected)[::-1], rtol=1e-5)
    floats = np.array([[0.4, 0.5, 0.1, 0.0, 0.2]], np.float32)
    np.testing.assert_allclose(classify(floats).scores, np.sort(expected)[::-1], rtol=1e-5)
    signed = np.array([[100, -20, 3]], np.int8)  # what stores nothing above 1 and is negative somewhere
    small = QuantParams(scale=[1 / 127], zero_point=[0])
    assert float(classify(signed, small).scores.sum()) == pytest.approx(1)


def test_suppression_goes_class_by_class() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
    scores, classes = np.array([0.5, 0.9, 0.7, 0.1]), np.array([0, 0, 1, 0])
    assert non_maximum_suppression(boxes, scores, classes).tolist() == [1, 2, 3]
    assert non_maximum_suppression(boxes, scores, classes, iou=0.99).tolist() == [1, 2, 0, 3]
    assert non_maximum_suppression(boxes, scores, classes, confidence=0.2, limit=1).tolist() == [1]
    assert non_maximum_suppression(boxes[:0], scores[:0], classes[:0]).tolist() == []


def test_drawing_marks_boxes_masks_and_points_and_leaves_the_picture_alone() -> None:
    picture = np.full((80, 100, 3), 200, np.uint8)
    masks = np.zeros((1, 80, 100), bool)
    masks[0, 40:50, 40:50] = True
    found = Detections(
        np.array([[10, 20, 90, 70]], np.float32),
        np.array([0.9], np.float32),
        np.array([0]),
        masks,
        np.array([[[30, 60, 1.0], [70, 60, 0.0]]], np.float32),
    )
    drawn = found.draw(picture, names=["cat"])
    assert (picture == 200).all()
    assert (drawn[45, 90] != 200).any(), "the right edge"
    assert (drawn[45, 45] != 200).any(), "the mask"
    assert (drawn[60, 30] != 200).any(), "the visible point"
    assert (drawn[60, 70] == 200).all(), "the hidden point"


def test_supervision_gets_the_same_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Detections(np.ones((1, 4), np.float32), np.ones(1, np.float32), np.ones(1, np.int64))
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingPackageError, match="pip install supervision"):
        found.to_supervision()
    monkeypatch.setitem(sys.modules, "supervision", SimpleNamespace(Detections=dict))
    given: Any = found.to_supervision()
    assert given["xyxy"] is found.boxes
    assert given["class_id"] is found.classes
    assert given["mask"] is None
    assert given["data"] == {}


def test_without_opencv_the_error_says_what_to_install(tmp_path: Any) -> None:
    code = "import sys; sys.modules['cv2'] = None\nimport hbm_runtime\n"
    code += "try: import hbm_runtime.vision\nexcept hbm_runtime.MissingPackageError as error: print(error)"
    assert "pip install 'hbm_runtime[vision]'" in output_of(run_python(code, cwd=tmp_path))
