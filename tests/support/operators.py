"""One-operator models and what numpy says they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, helper

from support import onnx_models
from support.dtypes import NUMPY_OF, Array


class Operator(NamedTuple):
    """A graph of one node with inputs ``a`` (and ``b``) and the output ``y``."""

    node: Callable[[], NodeProto]
    dtype: str
    shapes: tuple[tuple[int, ...], ...]
    out_dtype: str
    reference: Callable[..., Array]
    tolerance: float = 0.0
    constants: dict[str, Array] = {}  # noqa: RUF012 - a NamedTuple's default, never changed

    def inputs(self) -> dict[str, Array]:
        """Small whole numbers: sums and products of them are exact in every type."""
        rng = np.random.default_rng(5)
        low = 0 if NUMPY_OF[self.dtype].kind in "ub" else -8
        return {
            name: rng.integers(low, 8, shape).astype(NUMPY_OF[self.dtype])
            for name, shape in zip("ab", self.shapes, strict=False)
        }

    def expected(self) -> Array:
        """What numpy computes."""
        return self.reference(*self.inputs().values()).astype(NUMPY_OF[self.out_dtype])

    def model(self) -> ModelProto:
        """The graph."""
        return onnx_models.build(
            [self.node()],
            [(name, self.dtype, shape) for name, shape in zip("ab", self.shapes, strict=False)],
            [("y", self.out_dtype, self.expected().shape)],
            self.constants,
        )


def _node(kind: str, *inputs: str, **attributes: Any) -> Callable[[], NodeProto]:
    return lambda: helper.make_node(kind, list(inputs), ["y"], **attributes)


def _sigmoid(a: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-a.astype(np.float64))))


def _softmax(a: Array) -> Array:
    powers = np.exp(a.astype(np.float64))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _average(a: Array) -> Array:
    n, c, h, w = a.shape
    return np.asarray(a.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5)))


def _convolution(a: Array) -> Array:
    """3 x 3, no padding, kernel 0 to 8 for the one channel."""
    kernel = np.arange(9).reshape(3, 3)
    windows = np.lib.stride_tricks.sliding_window_view(a[:, 0], (3, 3), axis=(1, 2))
    return np.asarray((windows * kernel).sum(axis=(-2, -1))[:, None])


PLANE = (2, 3, 4, 6)
OPERATORS: dict[str, Operator] = {
    "Add": Operator(_node("Add", "a", "b"), "F32", ((2, 3), (2, 3)), "F32", np.add),
    "Add with broadcasting": Operator(_node("Add", "a", "b"), "F32", ((2, 3), (3,)), "F32", np.add),
    "Add of int64": Operator(_node("Add", "a", "b"), "S64", ((4,), (4,)), "S64", np.add),
    "Mul of int32": Operator(_node("Mul", "a", "b"), "S32", ((2, 3), (2, 3)), "S32", np.multiply),
    "Sub of double": Operator(_node("Sub", "a", "b"), "F64", ((5,), (5,)), "F64", np.subtract),
    "Neg of int8": Operator(_node("Neg", "a"), "S8", ((7,),), "S8", np.negative),
    "MatMul": Operator(_node("MatMul", "a", "b"), "F32", ((5, 7), (7, 3)), "F32", np.matmul),
    "Less": Operator(_node("Less", "a", "b"), "F32", ((9,), (9,)), "BOOL8", np.less),
    "And": Operator(_node("And", "a", "b"), "BOOL8", ((9,), (9,)), "BOOL8", np.logical_and),
    "Relu": Operator(_node("Relu", "a"), "F32", (PLANE,), "F32", lambda a: np.maximum(a, 0)),
    "Abs": Operator(_node("Abs", "a"), "F32", (PLANE,), "F32", np.abs),
    "Transpose": Operator(
        _node("Transpose", "a", perm=[0, 2, 3, 1]), "U8", (PLANE,), "U8", lambda a: a.transpose(0, 2, 3, 1)
    ),
    "Concat": Operator(
        _node("Concat", "a", "b", axis=1), "S64", ((2, 3), (2, 1)), "S64", lambda a, b: np.concatenate([a, b], axis=1)
    ),
    "ReduceMax": Operator(_node("ReduceMax", "a", axes=[1]), "F32", (PLANE,), "F32",
                          lambda a: a.max(axis=1, keepdims=True)),
    "ArgMax": Operator(_node("ArgMax", "a", axis=1, keepdims=0), "F32", ((4, 9),), "S64", lambda a: a.argmax(axis=1)),
    "Cast to half": Operator(_node("Cast", "a", to=10), "S32", (PLANE,), "F16", lambda a: a),
    "Cast to uint16": Operator(_node("Cast", "a", to=4), "U32", (PLANE,), "U16", lambda a: a),
    "AveragePool": Operator(
        _node("AveragePool", "a", kernel_shape=[2, 2], strides=[2, 2]), "F32", (PLANE,), "F32", _average
    ),
    "Conv": Operator(
        _node("Conv", "a", "kernel"), "F32", ((2, 1, 6, 7),), "F32", _convolution,
        constants={"kernel": np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)},
    ),
    "Gather": Operator(
        _node("Gather", "a", "rows", axis=0), "F32", ((5, 3),), "F32", lambda a: a[[4, 0, 2]],
        constants={"rows": np.array([4, 0, 2], np.int64)},
    ),
    "Sigmoid": Operator(_node("Sigmoid", "a"), "F32", (PLANE,), "F32", _sigmoid, 1e-6),
    "Softmax": Operator(_node("Softmax", "a", axis=-1), "F32", ((3, 10),), "F32", _softmax, 1e-6),
    "Sqrt of double": Operator(_node("Sqrt", "a"), "F64", ((9,),), "F64",
                               lambda a: np.sqrt(np.where(a < 0, np.nan, a)), 1e-15),
}  # fmt: skip
"""By name; whole numbers in, so a tolerance of zero means equal."""
