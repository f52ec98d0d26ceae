"""The files that the documentation's examples name, made anew for each page."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def _scaler() -> onnx.ModelProto:
    """One f32 picture in, the same picture times two and its mean out."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    doubled = helper.make_tensor_value_info("doubled", TensorProto.FLOAT, [1, 3, 8, 8])
    mean = helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, 3, 1, 1])
    nodes = [
        helper.make_node("Add", ["image", "image"], ["doubled"]),
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
    ]
    graph = helper.make_graph(nodes, "scaler", [image], [doubled, mean])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write_files(folder: Path) -> None:
    """Writes `model.onnx`, which the pages use where any model will do."""
    onnx.save(_scaler(), str(folder / "model.onnx"))
