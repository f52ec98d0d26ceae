"""Layouts as the model zoo mixes them: wide inputs, quantised masks and tables, masks in pixels of the picture."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hbm_runtime import QuantParams, dequantize, quantize
from hbm_runtime.image import Letterbox
from hbm_runtime.vision import Detections, Detector
from hbm_runtime.vision.detector import ANCHORS

from .reference import Found, anchored, distances, suppressed

Array = NDArray[Any]
WIDTH, HEIGHT = 128, 64
CONFIDENCE, IOU = 0.4, 0.45
CLASSES, BINS, PROTOTYPES = 5, 16, 32


def detector(outputs: dict[str, Array], quants: dict[str, QuantParams]) -> Detector:
    pixels = SimpleNamespace(name="images", shape=(1, 3, HEIGHT, WIDTH), np_dtype=np.dtype(np.float32))
    infos = {name: SimpleNamespace(quant=quants[name]) for name in outputs}
    model: Any = SimpleNamespace(name="yolo", inputs={"images": pixels}, outputs=infos)
    return Detector(model, confidence=CONFIDENCE, iou=IOU)


def stored(shapes: dict[str, tuple[int, int]], dtype: str) -> tuple[dict[str, Array], dict[str, QuantParams]]:
    """Random NHWC outputs by name, each given as stride and channels, with a scale for each channel."""
    rng = np.random.default_rng(7)
    outputs, quants = {}, {}
    for name, (stride, channels) in shapes.items():
        values = rng.normal(-1, 2, (1, HEIGHT // stride, WIDTH // stride, channels)).astype(np.float32)
        fine = {"int8": 0.06, "int16": 3e-4, "int32": 1e-6}[dtype]
        quants[name] = QuantParams(scale=rng.uniform(fine, 1.5 * fine, channels), axis=3)
        outputs[name] = quantize(values, quants[name], dtype)
    return outputs, quants


def check(found: Detections, expected: list[Found]) -> list[Found]:
    """Compares them in an order that equal scores do not change, and gives the expected ones in the order found."""
    assert len(found) == len(expected) > 5
    rest, paired = list(expected), []
    for box, score, kind in zip(found.boxes, found.scores, found.classes, strict=True):
        wanted = min(rest, key=lambda one: float(np.abs(_inside(one) - box).max()) + abs(one.score - float(score)))
        rest.remove(wanted)
        paired.append(wanted)
        assert kind == wanted.kind
        assert float(score) == pytest.approx(wanted.score, abs=1e-5)
        np.testing.assert_allclose(box, _inside(wanted), atol=2e-3)
    return paired


def _inside(found: Found) -> Array:
    return np.clip(found.box, 0, [WIDTH, HEIGHT] * 2)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
@pytest.mark.parametrize("family", ["distances", "anchors"])
def test_wide_inputs(family: str, dtype: str) -> None:
    if family == "anchors":
        outputs, quants = stored({f"out{s}": (s, 3 * (5 + CLASSES)) for s in (8, 16, 32)}, dtype)
    else:
        shapes = {f"c{s}": (s, CLASSES) for s in (8, 16, 32)} | {f"b{s}": (s, 4 * BINS) for s in (8, 16, 32)}
        outputs, quants = stored(shapes, dtype)
    real = {name: dequantize(array, quants[name])[0] for name, array in outputs.items()}
    if family == "anchors":
        expected = suppressed(anchored(list(real.values()), ANCHORS, HEIGHT, CONFIDENCE), IOU)
    else:
        heads = [(real[f"c{s}"], real[f"b{s}"]) for s in (8, 16, 32)]
        expected = suppressed(distances(heads, HEIGHT, CONFIDENCE), IOU)
    check(detector(outputs, quants).decode(outputs), expected)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_masks_of_quantised_outputs_in_pixels_of_the_picture(dtype: str) -> None:
    shapes = {"c": (8, CLASSES), "b": (8, 4 * BINS), "m": (8, PROTOTYPES), "protos": (4, PROTOTYPES)}
    outputs, quants = stored(shapes, dtype)
    real = {name: dequantize(array, quants[name])[0] for name, array in outputs.items()}
    expected = suppressed(distances([(real["c"], real["b"], real["m"])], HEIGHT, CONFIDENCE), IOU)
    decoder = detector(outputs, quants)
    paired = check(decoder.decode(outputs), expected)
    # The picture is twice as large as the part of the input that it fills, which has 16 pixels of padding around it.
    place = Letterbox((192, 64), (WIDTH, HEIGHT), 16, 16, (96, 32))
    found = decoder.decode(outputs, place)
    assert found.masks is not None
    assert found.masks.shape == (len(paired), 64, 192)
    assert found.masks.any()
    y, x = np.arange(64) + 0.5, np.arange(192) + 0.5
    down, across = (_shares((pixels / 2 + 16) / 4 - 0.5, side) for pixels, side in ((y, 16), (x, 32)))
    wanted = np.zeros(found.masks.shape, bool)
    for mask, each in zip(wanted, paired, strict=True):
        values = down @ (real["protos"].astype(float) @ np.array(each.extra)) @ across.T
        left, top, right, bottom = (np.array(each.box) - 16) * 2
        inside = ((np.floor(top) < y) & (y < np.ceil(bottom)))[:, None] & (np.floor(left) < x) & (x < np.ceil(right))
        mask[:] = inside & (values > 0)
    # OpenCV interpolates with positions in 32nds of a place.
    assert (found.masks != wanted).sum() < 0.01 * wanted.sum()


def _shares(positions: Array, side: int) -> Array:
    """What each place of a map gives to each position that is interpolated linearly."""
    return np.asarray(np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(side))))


@pytest.mark.parametrize("objectness", [False, True])
def test_quantised_tables(objectness: bool) -> None:
    """A table has boxes in pixels and scores up to 1, so each channel has its scale."""
    places = sum((WIDTH // stride) * (HEIGHT // stride) for stride in (8, 16, 32)) * (3 if objectness else 1)
    rng = np.random.default_rng(5)
    first = 4 + objectness
    ranges = np.array([WIDTH, HEIGHT, 24, 24] + [1.0] * (objectness + CLASSES))
    rows = rng.uniform(0, 0.8, (places, first + CLASSES)) * ranges
    quant = QuantParams(scale=ranges / 32000, axis=2)
    table = quantize(rows[None].astype(np.float32), quant, np.int16)
    expected = suppressed(
        (
            Found((x - w / 2, y - h / 2, x + w / 2, y + h / 2), score, int(scores.argmax()))
            for x, y, w, h, *rest in dequantize(table, quant)[0].astype(float)
            for scores in [np.array(rest[objectness:])]
            for score in [float(scores.max() * (rest[0] if objectness else 1))]
            if score >= CONFIDENCE
        ),
        IOU,
    )
    check(detector({"output0": table}, {"output0": quant}).decode({"output0": table}), expected)
