"""What the detector finds in outputs of every layout and type, against plain code in float64."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hbm_runtime import InputError, QuantParams, dequantize, quantize
from hbm_runtime.image import Letterbox
from hbm_runtime.vision import Detections, Detector
from hbm_runtime.vision.detector import ANCHORS

from .reference import Found, anchored, distances, suppressed

Array = NDArray[Any]
SIDE = 64
CONFIDENCE, IOU = 0.4, 0.45
CLASSES = 5
BINS = 16


def model(outputs: dict[str, Array], quants: dict[str, QuantParams]) -> Any:
    """What a detector reads of a model for float32 pictures."""
    pixels = SimpleNamespace(name="images", shape=(1, 3, SIDE, SIDE), np_dtype=np.dtype(np.float32))
    infos = {name: SimpleNamespace(quant=quants.get(name, QuantParams())) for name in outputs}
    return SimpleNamespace(name="yolo", inputs={"images": pixels}, outputs=infos, run=lambda _: outputs)


def stored(values: Array, how: str, rng: np.random.Generator) -> tuple[Array, QuantParams, Array]:
    """As a model stores it, its parameters, and the real values of that."""
    if how == "float32":
        return values.astype(np.float32), QuantParams(), values.astype(np.float32)
    if how == "int32 by channel":
        quant = QuantParams(scale=rng.uniform(1e-4, 1e-3, (values.shape[3],)), axis=3)
        integers = quantize(values.astype(np.float32), quant, np.int32)
    else:
        quant = QuantParams(scale=[0.06], zero_point=[7])
        integers = quantize(values.astype(np.float32), quant, np.int8)
    return integers, quant, dequantize(integers, quant)


def make(
    shapes: dict[str, tuple[int, int]], how: str, layout: str, spread: float = 2.0
) -> tuple[dict[str, Array], dict[str, QuantParams], dict[str, Array]]:
    """Random outputs by name, each given as stride and channels."""
    rng = np.random.default_rng(3)
    outputs, quants, real = {}, {}, {}
    for name, (stride, channels) in shapes.items():
        values: Array = np.asarray(rng.normal(-1, spread, (1, SIDE // stride, SIDE // stride, channels)))
        outputs[name], quants[name], real[name] = stored(values, how if name != "protos" else "float32", rng)
        if layout == "NCHW":
            outputs[name] = np.ascontiguousarray(outputs[name].transpose(0, 3, 1, 2))
            if quants[name].scale.size > 1:
                quants[name] = QuantParams(scale=quants[name].scale, axis=1)
    return outputs, quants, {name: array[0] for name, array in real.items()}


def check(found: Detections, expected: list[Found]) -> None:
    assert len(found) == len(expected) > 5
    assert (np.diff(found.scores) <= 0).all()
    np.testing.assert_allclose(found.scores, [each.score for each in expected], atol=1e-5)
    # Equally certain ones, which int8 makes, have no order.
    order = sorted(range(len(found)), key=lambda i: (-round(float(found.scores[i]), 4), *found.boxes[i].round()))
    expected = sorted(expected, key=lambda one: (-round(float(one.score), 4), *np.clip(one.box, 0, SIDE).round()))
    assert found.classes[order].tolist() == [each.kind for each in expected]
    boxes = np.clip([each.box for each in expected], 0, SIDE)
    np.testing.assert_allclose(found.boxes[order], boxes, atol=2e-3)
    assert [part.dtype.name for part in (found.boxes, found.scores, found.classes)] == ["float32", "float32", "int64"]


HOW = ("float32", "int32 by channel", "int8")


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("how", HOW)
def test_heads_with_distances(how: str, layout: str) -> None:
    shapes: dict[str, tuple[int, int]] = {}
    for stride in (8, 16, 32):
        shapes |= {f"cls{stride}": (stride, CLASSES), f"box{stride}": (stride, 4 * BINS)}
    outputs, quants, real = make(shapes, how, layout)
    expected = suppressed(distances([(real[f"cls{s}"], real[f"box{s}"]) for s in (8, 16, 32)], SIDE, CONFIDENCE), IOU)
    detector = Detector(model(outputs, quants), confidence=CONFIDENCE, iou=IOU)
    check(detector.decode(outputs), expected)
    # The order of the outputs is the model's business.
    other = {name: outputs[name] for name in sorted(outputs)}
    check(Detector(model(other, quants), confidence=CONFIDENCE, iou=IOU).decode(other), expected)


@pytest.mark.parametrize("distances_first", [False, True])
def test_with_64_classes_the_order_is_asked_for(distances_first: bool) -> None:
    shapes: dict[str, tuple[int, int]] = {}
    for stride in (8, 16, 32):
        shapes |= {f"cls{stride}": (stride, 4 * BINS), f"box{stride}": (stride, 4 * BINS)}
    outputs, quants, real = make(shapes, "int8", "NHWC")
    if distances_first:
        outputs = {name: outputs[name] for name in sorted(outputs)}
    with pytest.raises(InputError, match=r"have 64 channels both.*pass distances_first=True or False"):
        Detector(model(outputs, quants)).decode(outputs)
    expected = suppressed(distances([(real[f"cls{s}"], real[f"box{s}"]) for s in (8, 16, 32)], SIDE, CONFIDENCE), IOU)
    detector = Detector(model(outputs, quants), confidence=CONFIDENCE, iou=IOU, distances_first=distances_first)
    check(detector.decode(outputs), expected)


@pytest.mark.parametrize("how", HOW)
def test_heads_with_anchors(how: str) -> None:
    outputs, quants, real = make({str(s): (s, 3 * (5 + CLASSES)) for s in (8, 16, 32)}, how, "NHWC")
    expected = suppressed(anchored(list(real.values()), ANCHORS, SIDE, 0.25), IOU)
    check(Detector(model(outputs, quants), confidence=0.25, iou=IOU).decode(outputs), expected)


@pytest.mark.parametrize("how", HOW)
def test_key_points_of_heads(how: str) -> None:
    shapes: dict[str, tuple[int, int]] = {}
    for stride in (8, 16, 32):
        shapes |= {f"cls{stride}": (stride, 1), f"box{stride}": (stride, 4 * BINS), f"kpt{stride}": (stride, 3 * 17)}
    outputs, quants, real = make(shapes, how, "NHWC")
    heads = [(real[f"cls{s}"], real[f"box{s}"], real[f"kpt{s}"]) for s in (8, 16, 32)]
    expected = suppressed(distances(heads, SIDE, CONFIDENCE, keypoints=True), IOU)
    found = Detector(model(outputs, quants), confidence=CONFIDENCE, iou=IOU).decode(outputs)
    check(found, expected)
    points = np.array([each.extra for each in expected]).reshape(-1, 17, 3)
    points[:, :, :2] = points[:, :, :2].clip(0, SIDE)
    assert found.keypoints is not None
    np.testing.assert_allclose(found.keypoints, points, atol=2e-3)


def masks_of(expected: list[Found], prototypes: Array) -> Array:
    """Sampled at the middle of each pixel, one after the other."""
    side = prototypes.shape[0]
    masks = np.zeros((len(expected), SIDE, SIDE), bool)
    for mask, each in zip(masks, expected, strict=True):
        values = prototypes.astype(float) @ np.array(each.extra)
        left, top, right, bottom = np.clip(each.box, 0, SIDE)
        for y in range(int(top), int(np.ceil(bottom))):
            for x in range(int(left), int(np.ceil(right))):
                across = np.clip((x + 0.5) * side / SIDE - 0.5, 0, side - 1)
                down = np.clip((y + 0.5) * side / SIDE - 0.5, 0, side - 1)
                x0, y0 = int(across), int(down)
                x1, y1 = min(x0 + 1, side - 1), min(y0 + 1, side - 1)
                upper = values[y0, x0] * (1 - across + x0) + values[y0, x1] * (across - x0)
                lower = values[y1, x0] * (1 - across + x0) + values[y1, x1] * (across - x0)
                mask[y, x] = upper * (1 - down + y0) + lower * (down - y0) > 0
    return masks


@pytest.mark.parametrize("family", ["distances", "anchors"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_masks_of_heads(family: str, layout: str) -> None:
    shapes: dict[str, tuple[int, int]] = {}
    for stride in (8, 16, 32):
        if family == "anchors":
            shapes[f"out{stride}"] = (stride, 3 * (5 + CLASSES + 32))
        else:
            shapes |= {f"c{stride}": (stride, CLASSES), f"b{stride}": (stride, 4 * BINS), f"m{stride}": (stride, 32)}
    outputs, quants, real = make({**shapes, "protos": (4, 32)}, "float32", layout)
    if family == "anchors":
        expected = suppressed(anchored([real[f"out{s}"] for s in (8, 16, 32)], ANCHORS, SIDE, CONFIDENCE, 32), IOU)
    else:
        heads = [(real[f"c{s}"], real[f"b{s}"], real[f"m{s}"]) for s in (8, 16, 32)]
        expected = suppressed(distances(heads, SIDE, CONFIDENCE), IOU)
    found = Detector(model(outputs, quants), confidence=CONFIDENCE, iou=IOU).decode(outputs)
    check(found, expected)
    assert found.masks is not None
    assert found.masks.shape == (len(expected), SIDE, SIDE)
    wanted = masks_of(expected, real["protos"])
    assert wanted.any()
    # OpenCV interpolates with positions in 32nds of a place.
    assert (found.masks == wanted).mean() > 0.998


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("extra", ["", "points", "masks"])
def test_exported_tables(extra: str, transposed: bool) -> None:
    places = sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
    rng = np.random.default_rng(8)
    more = {"": 0, "points": 6, "masks": 32}[extra]
    rows = np.concatenate(
        [rng.uniform(0, SIDE, (places, 2)), rng.uniform(4, 20, (places, 2)), rng.uniform(0, 0.6, (places, CLASSES))], 1
    )
    rows = np.concatenate([rows, rng.normal(20, 8, (places, more))], 1).astype(np.float32)
    table = rows[None] if transposed else np.ascontiguousarray(rows.T)[None]
    outputs = {"output0": table}
    if extra == "masks":
        outputs["output1"] = rng.normal(size=(1, 32, SIDE // 4, SIDE // 4)).astype(np.float32)
    found = Detector(
        model(outputs, {}), confidence=CONFIDENCE, iou=IOU, keypoints=2 if extra == "points" else 0
    ).decode(outputs)
    expected = suppressed(
        (
            Found(
                (row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2),
                row[4 : 4 + CLASSES].max(),
                int(row[4 : 4 + CLASSES].argmax()),
                tuple(row[4 + CLASSES :]),
            )
            for row in rows
            if row[4 : 4 + CLASSES].max() >= CONFIDENCE
        ),
        IOU,
    )
    check(found, expected)
    assert (found.masks is not None) == (extra == "masks")
    assert (found.keypoints is not None) == (extra == "points")
    if found.keypoints is not None:
        points = np.array([each.extra for each in expected]).reshape(-1, 2, 3)
        points[:, :, :2] = points[:, :, :2].clip(0, SIDE)
        np.testing.assert_allclose(found.keypoints, points, atol=1e-3)


def test_an_exported_table_of_yolov5() -> None:
    places = 3 * sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
    table = np.random.default_rng(4).uniform(0, 1, (1, places, 5 + CLASSES)).astype(np.float32)
    table[:, :, :4] *= SIDE / 3
    expected = suppressed(
        (
            Found(
                (row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2),
                row[4] * row[5:].max(),
                int(row[5:].argmax()),
            )
            for row in table[0]
            if row[4] * row[5:].max() >= CONFIDENCE
        ),
        IOU,
    )
    check(Detector(model({"output": table}, {}), confidence=CONFIDENCE, iou=IOU).decode({"output": table}), expected)


def test_boxes_and_points_come_in_pixels_of_the_picture() -> None:
    outputs, quants, _ = make({"c": (8, 1), "b": (8, 4 * BINS), "k": (8, 3)}, "float32", "NHWC")
    detector = Detector(model(outputs, quants), confidence=CONFIDENCE)
    place = Letterbox((200, 100), (SIDE, SIDE), 0, 16, (64, 32))
    inside, mapped = detector.decode(outputs), detector.decode(outputs, place)
    np.testing.assert_allclose(mapped.boxes, place.boxes_to_source(inside.boxes), atol=1e-3)
    assert mapped.keypoints is not None
    assert mapped.keypoints[:, :, 0].max() <= 200
    picture = np.zeros((100, 200, 3), np.uint8)
    assert len(detector(picture)) == len(mapped)


def test_nothing_found_is_empty_arrays() -> None:
    outputs, quants, _ = make({"c": (8, 1), "b": (8, 4 * BINS), "k": (8, 3)}, "float32", "NHWC")
    found = Detector(model(outputs, quants), confidence=1.0).decode(outputs)
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)
    assert found.keypoints is not None
    assert found.keypoints.shape == (0, 1, 3)
    assert list(found) == []


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        ({"a": (1, 1000)}, r"'a' \[1, 1000\] are those of no YOLO model"),
        ({"a": (1, 9, 77)}, "no YOLO model"),
        ({"a": (1, 8, 8, 17)}, r"output 'a' does not fit the anchors; pass anchors="),
        ({"a": (1, 8, 8, 5), "b": (1, 4, 4, 64)}, "does not fit the anchors"),
    ],
)
def test_unknown_outputs_are_refused(shapes: dict[str, tuple[int, ...]], text: str) -> None:
    outputs = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    with pytest.raises(InputError, match=text):
        Detector(model(outputs, {})).decode(outputs)


def test_parts_of_detections() -> None:
    all_of_them = Detections(
        np.arange(12, dtype=np.float32).reshape(3, 4), np.array([0.9, 0.8, 0.7], np.float32), np.array([2, 0, 2])
    )
    assert all_of_them[1].classes.tolist() == [0]
    assert all_of_them[all_of_them.classes == 2].scores.tolist() == pytest.approx([0.9, 0.7])
    assert [len(each) for each in all_of_them] == [1, 1, 1]
