"""Small random networks with given inputs and outputs."""

from __future__ import annotations

import zlib
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from hbm_runtime.samples.catalogue import Kind, Output, Sample

_WIDTH = 8
_STRIDE = 8


def make_network(sample: Sample) -> ModelProto:
    """A trained-looking network: a few strided convolutions, and a head for each output."""
    maker = _Maker(sample)
    return maker.model()


class _Maker:
    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        # Python's own hash of a text differs from process to process.
        self._random = np.random.default_rng(zlib.crc32(sample.name.encode()))
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def model(self) -> ModelProto:
        sample = self._sample
        features, size = self._backbone()
        for output in sample.outputs:
            self._head(output, features, size)
        graph = helper.make_graph(
            self._nodes,
            sample.name.format(march=""),
            [helper.make_tensor_value_info(sample.input_name, TensorProto.FLOAT, sample.input_shape)],
            [
                helper.make_tensor_value_info(
                    output.name, TensorProto.INT32 if output.kind == Kind.CLASSES else TensorProto.FLOAT, output.shape
                )
                for output in sample.outputs
            ],
            self._constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)

    def _backbone(self) -> tuple[str, tuple[int, int]]:
        """Features (1, width, H/8, W/8) of an image; a signal counts as an image of one row."""
        value, shape = self._sample.input_name, self._sample.input_shape
        if len(shape) == 2:
            value = self._add("Reshape", [value, self._integers([1, 1, 1, shape[1]])])
            shape = (1, 1, 1, shape[1])
        channels, height, width = shape[1], shape[2], shape[3]
        kernel = (min(_STRIDE, height), min(_STRIDE, width))
        value = self._convolution(value, channels, _WIDTH, kernel, strides=list(kernel))
        value = self._add("Relu", [value])
        return value, (height // kernel[0], width // kernel[1])

    def _head(self, output: Output, features: str, size: tuple[int, int]) -> None:
        rank, axis = len(output.shape), output.channel_axis
        channels = 2 if output.kind == Kind.CLASSES else output.shape[axis]
        others = tuple(extent for at, extent in enumerate(output.shape) if at not in {0, axis})
        height, width = others if len(others) == 2 else (1, prod(others))
        scales = np.array([1, 1, height / size[0], width / size[1]], np.float32)
        value = features
        if (height, width) != size:
            sizes = self._integers([1, _WIDTH, height, width])
            empty = self._constant(np.zeros(0, np.float32))
            mode = "nearest" if scales.max() > 1 else "linear"
            value = self._add("Resize", [features, empty, empty, sizes], mode=mode)
        value = self._convolution(value, _WIDTH, channels, (1, 1), name=f"/{output.name}/Conv")
        if output.kind == Kind.CLASSES:
            value = self._add("ArgMax", [value], axis=1, keepdims=1)
            self._add("Cast", [value], output.name, to=TensorProto.INT32)
        elif rank == 4 and axis == 1:
            self._add("Identity", [value], output.name)
        elif rank == 4:
            self._add("Transpose", [value], output.name, perm=[0, 2, 3, 1])
        elif rank == 3:
            value = self._add("Reshape", [value, self._integers([1, channels, width])])
            self._add("Transpose", [value], output.name, perm=[0, 2, 1])
        else:
            self._add("Reshape", [value, self._integers(list(output.shape))], output.name)

    def _convolution(
        self,
        value: str,
        channels: int,
        filters: int,
        kernel: tuple[int, int],
        *,
        name: str = "",
        **attributes: Any,
    ) -> str:
        weights = self._random.normal(size=(filters, channels, *kernel)) / np.sqrt(channels * prod(kernel))
        bias = self._random.normal(size=filters)
        inputs = [value, self._constant(weights.astype(np.float32)), self._constant(bias.astype(np.float32))]
        return self._add("Conv", inputs, name=name, kernel_shape=list(kernel), **attributes)

    def _add(self, operator: str, inputs: list[str], output: str = "", *, name: str = "", **attributes: Any) -> str:
        number = len(self._nodes)
        node = helper.make_node(
            operator,
            inputs,
            [output or f"value_{number}"],
            name=name or f"/{operator}_{number}",
            **attributes,
        )
        self._nodes.append(node)
        return str(node.output[0])

    def _integers(self, values: list[int]) -> str:
        return self._constant(np.array(values, np.int64))

    def _constant(self, value: NDArray[np.generic]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name
