"""The models that are measured, made by code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent.parent / "build" / "bench" / "models"


def written(name: str, make: Callable[[], ModelProto]) -> Path:
    """The file of a model, made when it is not there."""
    path = FOLDER / f"{name}.onnx"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(make(), str(path))
    return path


def identity(count: int = 16) -> ModelProto:
    """``y = x``, sixteen floats or as many as asked for."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [count]) for name in "xy")
    return _model(helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y]))


def chain(rows: int, size: int, count: int = 1) -> ModelProto:
    """``y = x @ w @ w ...``: one operator that takes a while, or several with small tensors."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, size]) for name in "xy")
    names = ["x", *(f"t{i}" for i in range(1, count)), "y"]
    nodes = [helper.make_node("MatMul", [names[i], "w"], [names[i + 1]]) for i in range(count)]
    return _model(helper.make_graph(nodes, "chain", [x], [y], [_weights(size)]))


def cell(rows: int, size: int) -> ModelProto:
    """``next = tanh(h @ w + x)``: a state of `rows` times `size` numbers."""
    x, h, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, size]) for name in ("x", "h", "next"))
    nodes = [
        helper.make_node("MatMul", ["h", "w"], ["moved"]),
        helper.make_node("Add", ["moved", "x"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["next"]),
    ]
    return _model(helper.make_graph(nodes, "cell", [x, h], [y], [_weights(size)]))


def products(size: int, output: str) -> ModelProto:
    """Four products of `rows` times `size` numbers with weights.

    Args:
        size: Columns of the input and of the weights.
        output: "dynamic": the last product; "counted": where it is not zero; "wrong": it, declared as one row.
    """
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", size])
    nodes = [helper.make_node("MatMul", [f"t{i}" if i else "x", "w"], [f"t{i + 1}"]) for i in range(4)]
    nodes.append(helper.make_node("NonZero" if output == "counted" else "Neg", ["t4"], ["y"]))
    y = {
        "dynamic": helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", size]),
        "counted": helper.make_tensor_value_info("y", TensorProto.INT64, [2, "count"]),
        "wrong": helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, size]),
    }
    return _model(helper.make_graph(nodes, "products", [x], [y[output]], [_weights(size)]))


def resnet18(size: int = 224, quantised: type[np.generic] | None = None, *, symmetric: bool = False) -> ModelProto:
    """ResNet-18 with random weights: float32, or with QuantizeLinear and DequantizeLinear around every operator.

    Args:
        size: Height and width of the picture.
        quantised: Type of the activations, numpy.uint8 or numpy.int8; weights are int8.
        symmetric: Zero is the middle also of what comes from a Relu, as boards have it.
    """
    return _ResNet(size, quantised, symmetric=symmetric).model()


def resnet18_maker(quantised: type[np.generic], *, symmetric: bool) -> Callable[[], ModelProto]:
    """What makes a quantised ResNet-18."""
    return lambda: resnet18(quantised=quantised, symmetric=symmetric)


def _weights(size: int) -> TensorProto:
    array = np.random.default_rng(1).normal(0, 0.05, (size, size)).astype(np.float32)
    return numpy_helper.from_array(array, "w")


def _model(graph: onnx.GraphProto) -> ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class _ResNet:
    def __init__(self, size: int, quantised: type[np.generic] | None, *, symmetric: bool) -> None:
        self._size = size
        self._symmetric = symmetric
        self._quantised = quantised
        self._random = np.random.default_rng(18)
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def model(self) -> ModelProto:
        value = self._fake_quantised("image")
        value = self._conv(value, 3, 64, 7, 2, relu=True)
        value = self._node("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        channels = 64
        for stage, width in enumerate((64, 128, 256, 512)):
            for block in range(2):
                stride = 2 if stage > 0 and block == 0 else 1
                shortcut = value if channels == width and stride == 1 else self._conv(value, channels, width, 1, stride)
                body = self._conv(value, channels, width, 3, stride, relu=True)
                body = self._conv(body, width, width, 3, 1)
                value = self._node("Add", [body, shortcut])
                value = self._fake_quantised(self._node("Relu", [value]), positive=True)
                channels = width
        value = self._fake_quantised(self._node("GlobalAveragePool", [value]), positive=True)
        # Quantised on both sides, as quantisers leave it; otherwise no engine finds the integers before the product.
        value = self._fake_quantised(self._node("Flatten", [value]), positive=True)
        weights = self._weights((512, 1000), 512)
        self._nodes.append(helper.make_node("MatMul", [value, weights], ["scores"]))
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, self._size, self._size])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1000])
        return _model(helper.make_graph(self._nodes, "resnet18", [image], [scores], self._constants))

    def _conv(self, value: str, inputs: int, outputs: int, kernel: int, stride: int, *, relu: bool = False) -> str:
        weights = self._weights((outputs, inputs, kernel, kernel), inputs * kernel * kernel)
        value = self._node("Conv", [value, weights], strides=[stride] * 2, pads=[kernel // 2] * 4)
        if relu:
            value = self._node("Relu", [value])
        return self._fake_quantised(value, positive=relu)

    def _weights(self, shape: tuple[int, ...], fan_in: int) -> str:
        values = self._random.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
        if self._quantised is None:
            return self._constant(values)
        # 7 bits, so that no processor saturates.
        scale = np.float32(np.abs(values).max() / 63)
        stored = np.clip(np.rint(values / scale), -63, 63).astype(np.int8)
        return self._node(
            "DequantizeLinear", [self._constant(stored), self._constant(scale), self._constant(np.int8(0))]
        )

    def _fake_quantised(self, value: str, *, positive: bool = False) -> str:
        """As quantisers do it: what comes from a Relu uses the whole range, so that engines can leave the Relu out."""
        if self._quantised is None:
            return value
        lowest = int(np.iinfo(np.dtype(self._quantised).name).min)
        scale = self._constant(np.float32(0.05))
        zero = self._constant(np.array(lowest if positive and not self._symmetric else lowest + 128, self._quantised))
        return self._node("DequantizeLinear", [self._node("QuantizeLinear", [value, scale, zero]), scale, zero])

    def _node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        output = f"value_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _constant(self, value: NDArray[np.generic] | np.generic) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name
