"""Small ONNX models for the packer's tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

Array = NDArray[Any]
PICTURE = Path(__file__).parent / "data" / "astronaut.jpg"


def picture(width: int = 320, height: int = 240) -> Array:
    """The test picture as BGR."""
    image = cv2.imread(str(PICTURE))
    assert image is not None
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def model(
    nodes: Sequence[Any],
    inputs: Sequence[tuple[str, int, Sequence[int | str]]],
    outputs: Sequence[tuple[str, int, Sequence[int | str]]],
    constants: dict[str, Array] | None = None,
    opset: int = 13,
) -> ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(*entry) for entry in inputs],
        [helper.make_tensor_value_info(*entry) for entry in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def image_model(
    channels: int = 3, size: tuple[int, int] = (240, 320), layout: str = "NCHW", batch: int = 1
) -> ModelProto:
    """Gives its input out as ``pixels`` and a convolution of it as ``features``."""
    random = np.random.default_rng(3)
    shape = (batch, channels, *size) if layout == "NCHW" else (batch, *size, channels)
    nodes = [helper.make_node("Identity", ["data"], ["pixels"], name="pixels")]
    value = "data"
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["data"], ["planes"], perm=[0, 3, 1, 2], name="to_planes"))
        value = "planes"
    nodes += [
        helper.make_node("Conv", [value, "w", "b"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2], name="/head/Conv"),
        helper.make_node("Transpose", ["c"], ["features"], perm=[0, 2, 3, 1], name="/head/Transpose"),
    ]
    constants = {
        "w": random.normal(size=(6, channels, 3, 3)).astype(np.float32),
        "b": random.normal(size=6).astype(np.float32),
    }
    outputs = [
        ("pixels", TensorProto.FLOAT, shape),
        ("features", TensorProto.FLOAT, (batch, size[0] // 2, size[1] // 2, 6)),
    ]
    return model(nodes, [("data", TensorProto.FLOAT, shape)], outputs, constants)


def reference(proto: ModelProto, inputs: dict[str, Array]) -> dict[str, Array]:
    """What ONNX Runtime computes with the model as it was trained, node by node."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def cosine(one: Array, other: Array) -> float:
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
