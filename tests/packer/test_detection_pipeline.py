"""A YOLO-style script finds the same boxes with the trained model and its own pre-processing, and with the packed model
fed with NV12, integers dequantised from padded rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import yaml
from numpy.typing import NDArray
from onnx import helper

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import pack_config

from .small_models import model, picture, reference

pytestmark = pytest.mark.usefixtures("trials_here")

Array = NDArray[Any]
CLASSES = 2
CHANNELS = 5 + CLASSES
STRIDES = (8, 16)
SIZE = (240, 320)
ANCHOR = 4.0


def detector() -> onnx.ModelProto:
    """Two heads over mean colours: objects are where red outweighs blue, their kind and extent follow the colours.

    The weights are made by hand, because a trained detector is too large to keep beside the tests.
    """
    random = np.random.default_rng(12)
    nodes, constants, outputs = [], {}, []
    for stride in STRIDES:
        name = f"/head{stride}/Conv"
        weights = random.normal(size=(CHANNELS, 3, 3, 3)) * 0.15
        weights[4] = 0
        weights[4, 0, 1, 1], weights[4, 2, 1, 1] = 16, -16
        weights[5:] *= 6
        constants[f"w{stride}"] = weights.astype(np.float32)
        constants[f"b{stride}"] = np.array([0.0] * 4 + [-4.0] + [0.0] * CLASSES, np.float32)
        nodes += [
            helper.make_node(
                "AveragePool",
                ["images"],
                [f"p{stride}"],
                kernel_shape=[stride] * 2,
                strides=[stride] * 2,
                name=f"p{stride}",
            ),
            helper.make_node(
                "Conv", [f"p{stride}", f"w{stride}", f"b{stride}"], [f"c{stride}"], pads=[1] * 4, name=name
            ),
            helper.make_node("Transpose", [f"c{stride}"], [f"out{stride}"], perm=[0, 2, 3, 1], name=f"t{stride}"),
        ]
        outputs.append((f"out{stride}", 1, (1, SIZE[0] // stride, SIZE[1] // stride, CHANNELS)))
    return model(nodes, [("images", 1, (1, 3, *SIZE))], outputs, constants)


@dataclass(frozen=True)
class Detection:
    box: tuple[float, float, float, float]
    kind: int
    score: float


def sigmoid(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)))


def decode(outputs: dict[str, Array]) -> list[Detection]:
    """Boxes of all heads after non-maximum suppression, best first."""
    boxes, scores, kinds = [], [], []
    for stride in STRIDES:
        head = outputs[f"out{stride}"][0].astype(np.float64)
        rows, columns = np.mgrid[: head.shape[0], : head.shape[1]]
        centre_x = (columns + 2 * sigmoid(head[..., 0]) - 0.5) * stride
        centre_y = (rows + 2 * sigmoid(head[..., 1]) - 0.5) * stride
        extent = (2 * sigmoid(head[..., 2:4])) ** 2 * ANCHOR * stride
        classes = sigmoid(head[..., 5:])
        score = sigmoid(head[..., 4]) * classes.max(axis=-1)
        kept = score > 0.5
        left, top = centre_x - extent[..., 0] / 2, centre_y - extent[..., 1] / 2
        boxes.append(np.stack([left, top, extent[..., 0], extent[..., 1]], -1)[kept])
        scores.append(score[kept])
        kinds.append(classes.argmax(axis=-1)[kept])
    all_boxes, all_scores, all_kinds = np.concatenate(boxes), np.concatenate(scores), np.concatenate(kinds)
    best = cv2.dnn.NMSBoxes(all_boxes.tolist(), all_scores.tolist(), 0.5, 0.3)
    return [Detection(tuple(all_boxes[i]), int(all_kinds[i]), float(all_scores[i])) for i in np.ravel(best)]


def overlap(one: Detection, other: Detection) -> float:
    (ax, ay, aw, ah), (bx, by, bw, bh) = one.box, other.box
    width = min(ax + aw, bx + bw) - max(ax, bx)
    height = min(ay + ah, by + bh) - max(ay, by)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (aw * ah + bw * bh - shared)


def nv12(bgr: Array) -> tuple[Array, Array]:
    luma, red, blue = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))
    half = (bgr.shape[1] // 2, bgr.shape[0] // 2)
    chroma = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    return luma[None, :, :, None], np.stack(chroma, -1)[None]


@pytest.mark.parametrize("removal", ["Quantize;Dequantize", ""])
def test_the_same_boxes_are_found(removal: str, tmp_path: Path) -> None:
    bgr = picture(SIZE[1], SIZE[0])
    trained = detector()
    onnx.save(trained, tmp_path / "detector.onnx")
    pixels = np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1)[None]).astype(np.float32) / 255
    expected = decode(reference(trained, {"images": pixels}))

    (tmp_path / "cal").mkdir()
    np.save(tmp_path / "cal" / "0.npy", pixels)
    config = {
        "model_parameters": {
            "onnx_model": str(tmp_path / "detector.onnx"),
            "march": "nash-e",
            "working_dir": str(tmp_path),
            "remove_node_type": removal,
        },
        "input_parameters": {
            "input_type_rt": "nv12",
            "input_type_train": "rgb",
            "input_layout_train": "NCHW",
            "scale_value": 1 / 255,
        },
        "calibration_parameters": {"cal_data_dir": str(tmp_path / "cal")},
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    runtime = HB_HBMRuntime(str(pack_config(tmp_path / "c.yaml")))
    luma, chroma = nv12(bgr)
    outputs = runtime.run({"images_y": luma, "images_uv": chroma})["model"]
    real = {}
    for name, value in outputs.items():
        quant = runtime.output_quants["model"][name]
        assert (value.dtype == np.int32) == bool(removal)
        real[name] = value * quant.scale if quant.scale.size else value
        assert not value.flags.c_contiguous
    found = decode(real)

    assert len(expected) >= 5
    assert {detection.kind for detection in expected} == {0, 1}
    assert len(found) == len(expected)
    for detection in expected:
        same = max(found, key=lambda other: overlap(detection, other))
        assert overlap(detection, same) > 0.95
        assert same.kind == detection.kind
        assert abs(same.score - detection.score) < 0.02
