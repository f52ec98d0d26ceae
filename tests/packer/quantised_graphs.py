"""Quantised layers with something between them and the next quantisation, in ONNX's text form."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.parser import parse_model

from .small_models import Array

CONV = "c = Conv<pads = [1,1,1,1]>(d, w, b)"
IMAGE = "[1,4,6,6]"

# Between the layer's result c and the value v that is quantised.
SELECTING = {
    "Relu": "v = Relu(c)",
    "Relu6": "v = Clip(c, zero, six)",
    "Clip off the grid": "v = Clip(c, low, high)",
    "Clip from below": "v = Clip(c, low)",
    "Clip from above": "v = Clip(c, , high)",
    "Clip with bounds the wrong way round": "v = Clip(c, high, low)",
    "Max and Min": "m = Max(c, low) v = Min(high, m)",
    "Relu and a pooling": "r = Relu(c) v = MaxPool<kernel_shape = [3,3], pads = [1,1,1,1]>(r)",
    "a pooling": "v = MaxPool<kernel_shape = [3,3], pads = [1,1,1,1]>(c)",
    "a global pooling": "r = Relu(c) g = GlobalMaxPool(r) v = Expand(g, image)",
    "a transposition": "r = Relu(c) v = Transpose<perm = [0,1,3,2]>(r)",
    "a reshape and back": "f = Reshape(c, flat) r = Relu(f) v = Reshape(r, image)",
    "depth to space and back": "t = DepthToSpace<blocksize = 2>(c) r = Relu(t) v = SpaceToDepth<blocksize = 2>(r)",
    "nearest neighbours": 'r = Relu(c) u = Resize<mode = "nearest">(r, , double) v = Slice(u, begin, end, axes)',
    "padding": "r = Relu(c) p = Pad(r, pads, low) v = Slice(p, begin, end, axes)",
    "joined with something else": "r = Relu(c) j = Concat<axis = 1>(r, x) v = Slice(j, first, fourth, one)",
    "joined with itself": "r = Relu(c) j = Concat<axis = 1>(r, r) v = Slice(j, first, fourth, one)",
    "two quantisations that are alike": "v = Relu(c) q2 = QuantizeLinear(v, so, zo) z = DequantizeLinear(q2, so, zo)",
}
COMPUTING = {
    "LeakyRelu": "v = LeakyRelu(c)",
    "Sigmoid": "v = Sigmoid(c)",
    "SiLU": "t = Sigmoid(c) v = Mul(c, t)",
    "HardSwish": "v = HardSwish(c)",
    "an average": "v = AveragePool<kernel_shape = [3,3], pads = [1,1,1,1]>(c)",
    "linear interpolation": 'u = Resize<mode = "linear">(c, , double) v = Slice(u, begin, end, axes)',
    "an addition": "v = Add(c, x)",
    "a second reader of the layer": "v = Relu(c) z = Neg(c)",
    "a second reader behind the Relu": "v = Relu(c) z = Neg(v)",
    "another quantisation beside": "v = Relu(c) q2 = QuantizeLinear(v, s, zo) z = DequantizeLinear(q2, s, zo)",
    "nothing": "v = Identity(x)",
}
LAYERS = {
    "Conv": (CONV, IMAGE),
    "ConvTranspose": ("c = ConvTranspose<pads = [1,1,1,1]>(d, w, b)", IMAGE),
    "Gemm": ("c = Gemm(d, w2, b)", "[3,4]"),
    "MatMul": ("c = MatMul(d, w2)", "[3,4]"),
    "MatMul with a bias": ("p = MatMul(d, w2) c = Add(p, b)", "[3,4]"),
    "MatMul with a bias in front": ("p = MatMul(d, w2) c = Add(b, p)", "[3,4]"),
    "Add of two quantised values": (
        "n = Neg(x) qn = QuantizeLinear(n, so, z0) e = DequantizeLinear(qn, so, z0) c = Add(d, e)",
        IMAGE,
    ),
}
_FUSED = {"Conv", "Gemm", "MatMul", "Add of two quantised values"}
_INTEGERS = {
    "flat": [1, -1],
    "image": [1, 4, 6, 6],
    "begin": [0, 0],
    "end": [6, 6],
    "axes": [2, 3],
    "first": [0],
    "fourth": [4],
    "one": [1],
    "pads": [0, 0, 0, 0, 0, 0, 2, 2],
}
_FLOATS: dict[str, float | list[float]] = {
    "zero": 0.0,
    "six": 6.0,
    "low": -0.123,
    "high": 0.777,
    "double": [1.0, 1.0, 2.0, 2.0],
}


def quantised(layer: str, between: str, shape: str, zero: int, dtype: str = "int8") -> onnx.ModelProto:
    """``x`` quantised, a layer, what is between, quantised again."""
    outputs = f"float{shape} y" + (", float[k,l,m,n] z" if "z = " in between else "")
    text = (
        f'<ir_version: 8, opset_import: ["": 17]> g (float{shape} x) => ({outputs}) {{ q = QuantizeLinear(x, s, z0) '
        f"d = DequantizeLinear(q, s, z0) w = DequantizeLinear(wq, ws, wz) w2 = DequantizeLinear(wq2, ws, wz) "
        f"b = DequantizeLinear(bq, bs, bz) {layer} {between} qo = QuantizeLinear(v, so, zo) "
        "y = DequantizeLinear(qo, so, zo) }"
    )
    random = np.random.default_rng(5)
    constants: dict[str, Array] = {
        "s": np.array(0.05, np.float32),
        "z0": np.array(3, np.int8),
        "wq": random.integers(-127, 128, (4, 4, 3, 3)).astype(np.int8),
        "wq2": random.integers(-127, 128, (4, 4)).astype(np.int8),
        "ws": np.array(0.004, np.float32),
        "wz": np.array(0, np.int8),
        "bq": random.integers(-900, 900, 4).astype(np.int32),
        "bs": np.array(np.float32(0.05) * np.float32(0.004), np.float32),
        "bz": np.array(0, np.int32),
        "so": np.array(0.037, np.float32),
        "zo": np.array(zero).astype(dtype),
    }
    constants |= {name: np.array(value, np.float32) for name, value in _FLOATS.items()}
    constants |= {name: np.array(value, np.int64) for name, value in _INTEGERS.items()}
    proto = parse_model(text)
    proto.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return proto


def is_fused(layer: str) -> bool:
    """Returns True if ONNX Runtime has a kernel for the layer in integers."""
    return layer in _FUSED
