"""Models in ONNX's text form, of every kind that an engine loads, with inputs for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.parser import parse_model

from .small_models import Array

Inputs = Mapping[str, Array]
_HEADER = '<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1, "local": 1]> '


@dataclass(frozen=True)
class Case:
    """A model and what it is run with."""

    proto: onnx.ModelProto
    inputs: Sequence[Inputs]


def counted(*shape: int, dtype: str = "float32") -> Array:
    return np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(dtype)


def _cycle(count: int) -> str:
    """Whole numbers in the text form."""
    return "{" + ",".join(str(number * 5 % 11 - 5) for number in range(count)) + "}"


def _flags(*values: bool) -> list[Array]:
    return [np.array(value) for value in values]


_TEXTS: dict[str, tuple[str, Sequence[Inputs]]] = {
    "dynamic inner dimensions": (
        "g (float[b,n] x) => (float[b,n] y) { y = Neg(x) }",
        [{"x": counted(*shape)} for shape in ((2, 5), (4, 100), (1, 1), (1, 16), (0, 3), (3, 0))],
    ),
    "all dimensions dynamic, one byte each": (
        "g (uint8[a,b,c] x) => (uint8[a,b,c] y) { y = Identity(x) }",
        [{"x": counted(2, 3, 5, dtype="uint8")}],
    ),
    "a symbol for each of many dimensions": (
        "g (float[b,3,h,w] x) => (float[b,3,i,j] y) { y = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x) }",
        [{"x": counted(2, 3, 7, 9)}, {"x": counted(1, 3, 4, 4)}],
    ),
    "a scalar": ("g (float x) => (float y) { y = Neg(x) }", [{"x": np.array(3, np.float32)}]),
    "ten dimensions": (
        "g (float[1,2,1,2,1,2,1,2,1,3] x) => (float[1,2,1,2,1,2,1,2,1,3] y) { y = Neg(x) }",
        [{"x": counted(1, 2, 1, 2, 1, 2, 1, 2, 1, 3)}],
    ),
    "ten dynamic dimensions": (
        "g (float[a,b,c,d,e,f,g,h,i,j] x) => (float[a,b,c,d,e,f,g,h,i,j] y) { y = Neg(x) }",
        [{"x": counted(1, 2, 1, 2, 1, 2, 1, 2, 1, 3)}],
    ),
    "empty dimensions between open ones": (
        "g (float[a,1,1,b,2] x) => (float[a,1,1,b,2] y) { y = Neg(x) }",
        [{"x": counted(0, 1, 1, 0, 2)}],
    ),
    "no rows": ("g (float[0,3] x) => (float[0,3] y) { y = Neg(x) }", [{"x": counted(0, 3)}]),
    "no columns beside a tensor with some": (
        "g (float[2,0,3] x, float[2] z) => (float[2,0,3] y, float[2] w) { y = Neg(x) w = Neg(z) }",
        [{"x": counted(2, 0, 3), "z": counted(2)}],
    ),
    "an empty result": (
        "g (float[4] x) => (float[0] y) <int64[1] b = {2}, int64[1] a = {0}> { y = Slice(x, b, b, a) }",
        [{"x": counted(4)}],
    ),
    "a result whose size depends on values": (
        "g (float[n] x) => (int64[1,m] y) { y = NonZero(x) }",
        [{"x": np.array([0, 1, 2, 0], np.float32)}, {"x": np.zeros(4, np.float32)}],
    ),
    "a result of another size than declared": (
        "g (float[4,3] x) => (float[1,3] y) { y = Neg(x) }",
        [{"x": counted(4, 3)}],
    ),
    "weights that are listed as inputs": (
        "g (float[7,n,7] x, float[1,9,7] w, float[1,9,3] r) => (float[7,1,n,3] y) "
        f"<float[1,9,7] w = {_cycle(63)}, float[1,9,3] r = {_cycle(27)}> {{ y = GRU<hidden_size: int = 3>(x, w, r) }}",
        [{"x": np.sin(counted(7, 1, 7))}, {"x": np.sin(counted(7, 5, 7))}],
    ),
    "a result of ten dimensions that declares eleven": (
        "g (float[1,1,1,1,1,1,1,1,1,n] x) => (float[1,1,1,1,1,1,1,1,1,1,n] y) <int64 once = {1}> { "
        'y = Loop(once, "", x) <body = body (int64 i, bool go, float[1,1,1,1,1,1,1,1,1,n] state) => '
        "(bool on, float[1,1,1,1,1,1,1,1,1,n] next) { on = Identity(go) next = Neg(state) }> }",
        [{"x": counted(*(1,) * 9, 3)}],
    ),
    "an output that is an input": (
        "g (float[n] x) => (float[n] y, float[n] x) { y = Neg(x) }",
        [{"x": counted(3)}],
    ),
    "nothing but an output that is an input": ("g (float[2,3] x) => (float[2,3] x) { }", [{"x": counted(2, 3)}]),
    "an output whose rank a run decides": (
        "g (float[n] x, int64[r] s) => (float[] y) { y = Reshape(x, s) }",
        [{"x": counted(6), "s": np.array(shape)} for shape in ([2, 3], [6], [1, 2, 3])],
    ),
    "branches of other sizes": (
        "g (bool c, float[n] x) => (float[k] y) <float[3] a = {1,2,3}, float[2] b = {1,2}> { y = If(c) <then_branch = "
        "t () => (float[p] u) { u = Add(x, a) }, else_branch = e () => (float[q] v) { v = Add(x, b) }> }",
        [{"c": np.array(True), "x": counted(3)}, {"c": np.array(False), "x": counted(2)}],
    ),
    "branches of other ranks": (
        "g (bool c, float[n] x) => (float[] y) <int64[1] a = {0}> { y = If(c) <then_branch = "
        "t () => (float[1,n] u) { u = Unsqueeze(x, a) }, else_branch = e () => (float[n] v) { v = Neg(x) }> }",
        [{"c": flag, "x": counted(3)} for flag in _flags(True, False)],
    ),
    "a batch that the declaration does not allow": (
        "g (float[b,3] x) => (float[1,3] y) { y = Neg(x) }",
        [{"x": counted(1, 3)}, {"x": counted(4, 3)}],
    ),
    "another rank than declared": (
        "g (float[b,n] x) => (float[b,n] y) <int64[1] a = {0}> { y = Unsqueeze(x, a) }",
        [{"x": counted(2, 3)}],
    ),
    "a lower rank than declared": (
        "g (float[b,n] x) => (float[1,b,n] y) { y = Neg(x) }",
        [{"x": counted(2, 3)}],
    ),
    "another rank than the engine infers once it has changed the graph": (
        "g (float[1,3,4,4] x) => (float[3,4,4] y, float[1,1,2,4,4] z) <float[2,3,1,1] w = {1,2,3,4,5,6}> "
        "{ y = Neg(x) z = Conv(x, w) }",
        [{"x": counted(1, 3, 4, 4)}],
    ),
    "a value that the engine takes from a wrong declaration": (
        "g (float[1,4] x) => (float[0,1,1,1] y, int64[n] z) <int64[1] a = {1}, int64[1] b = {3}> "
        "{ u = Unsqueeze(x, a) v = Transpose<perm = [2, 1, 0]>(u) y = Unsqueeze(v, b) z = Shape(y) }",
        [{"x": counted(1, 4)}],
    ),
    "an output that is an input, declared with another rank": (
        "g (float[2,3] x) => (float[2,3] y, float[1,2,3] x) { y = Neg(x) }",
        [{"x": counted(2, 3)}],
    ),
    "an undeclared output behind a wrong declaration": (
        "g (bool[7,n] f, float[n,4] x) => (float[2,n,4] y, int32[2,7,n] i, float[] z) "
        "{ y = Transpose<perm=[0,1]>(x) h = Cast<to=10>(f) i = Cast<to=6>(h) z = Identity(y) }",
        [{"f": np.zeros((7, 3), np.bool_), "x": counted(3, 4)}],
    ),
    "an output that follows from a wrong declaration, declared wrongly, too": (
        "g (float[n,4] x) => (float[1] y, uint8[2,m,1] z) <float s = {0.05}, uint8 o = {56}> "
        "{ y = Flatten<axis=2>(x) z = QuantizeLinear(y, s, o) }",
        [{"x": counted(3, 4)}],
    ),
    "more dimensions than possible, by declaration alone": (
        "g (float[1,1,2,1,1,1,1,2,2,n] x) => (int8[1,1,1,2,1,1,1,1,2,2,n] y) <float s = {0.5}, int8 o = {37}> "
        "{ y = QuantizeLinear(x, s, o) }",
        [{"x": counted(1, 1, 2, 1, 1, 1, 1, 2, 2, 1)}],
    ),
    "dequantised by other parameters than quantised": (
        "g (float[n] x) => (float[n] y, float[n] z) <float s = {0.25}, int8 o = {37}, float t = {0.5}, int8 p = {-13}> "
        "{ q = QuantizeLinear(x, s, o) y = DequantizeLinear(q, t, p) z = DequantizeLinear(q, t) }",
        [{"x": counted(5)}],
    ),
    "a scalar by declaration alone": ("g (float[n] x) => (float y) { y = Neg(x) }", [{"x": counted(5)}]),
    "an output that is an initializer": (
        "g (float[3] x) => (float[3] y, float[2,3] w) <float[2,3] w = {1,2,3,4,5,6}> { y = Neg(x) }",
        [{"x": counted(3)}],
    ),
    "an output that is a constant": (
        "g (float[3] x) => (float[3] y, float[2] c) { y = Neg(x) c = Constant<value = float[2] {1,2}>() }",
        [{"x": counted(3)}],
    ),
    "one value under two names": (
        "g (float[n] x) => (float[n] y, float[n] z) { y = Neg(x) z = Identity(y) }",
        [{"x": counted(5)}],
    ),
    "no inputs": ("g () => (float[2] y) <float[2] w = {1,2}> { y = Neg(w) }", [{}]),
    "a constant that is also an input": (
        "g (float[3] x, float[3] w) => (float[3] y) <float[3] w = {1,2,3}> { y = Add(x, w) }",
        [{"x": counted(3)}],
    ),
    "nodes that nothing needs": (
        "g (float[3] x) => (float[3] y) { y = Neg(x) d = Exp(y) e = Sqrt(d) }",
        [{"x": counted(3)}],
    ),
    "operators of the engine's own": (
        "g (float[2,4] x) => (float[2,4] y) { y = com.microsoft.Gelu(x) }",
        [{"x": counted(2, 4)}],
    ),
    "an output without a type": ("g (float[2,4] x) => (y) { y = com.microsoft.Gelu(x) }", [{"x": counted(2, 4)}]),
    "branches that use constants from outside": (
        "g (bool c, float[3] x) => (float[3] y) { k = Constant<value = float[3] {5,6,7}>() y = If(c) <then_branch = "
        "t () => (float[3] u) { u = Mul(x, k) }, else_branch = e () => (float[3] v) { v = Neg(k) }> }",
        [{"c": flag, "x": counted(3)} for flag in _flags(True, False)],
    ),
    "a loop": (
        "g (int64 n, float[3] x) => (float[3] y, float[k,3] s) <bool t = {1}> { y, s = Loop(n, t, x) <body = "
        "b (int64 i, bool c, float[3] a) => (bool d, float[3] e, float[3] f) { d = Identity(c) e = Add(a, a) "
        "f = Neg(e) }> }",
        [{"n": np.array(count), "x": counted(3)} for count in (3, 0)],
    ),
    "a scan": (
        "g (float[3] z, float[n,3] x) => (float[3] y, float[n,3] s) { y, s = Scan<num_scan_inputs = 1, body = "
        "b (float[3] a, float[3] e) => (float[3] c, float[3] d) { c = Add(a, e) d = Neg(c) }>(z, x) }",
        [{"z": counted(3), "x": counted(4, 3)}],
    ),
    "an optional input left out": (
        'g (float[1,1,h,w] x) => (float[1,1,i,j] y) <float[4] s = {1,1,2,2}> { y = Resize<mode = "nearest">(x, , s) }',
        [{"x": counted(1, 1, 3, 4)}],
    ),
}


def cases() -> dict[str, Case]:
    found = {name: Case(parse_model(_HEADER + text), inputs) for name, (text, inputs) in _TEXTS.items()}
    for kind, number in TensorProto.DataType.items():
        if kind in {"UNDEFINED", "STRING"} or number > TensorProto.UINT64:
            continue
        dtype = helper.tensor_dtype_to_np_dtype(number)
        value = counted(2, 3).astype(dtype)
        found[f"values of type {kind}"] = Case(_with_initializer(number, value), [{"x": value}])
    for opset in (1, 6, 7, 9, 10):
        found[f"operator set {opset}"] = _softmax(opset)
    found["names with everything in them"] = _named()
    found["functions"] = _function()
    found["convolutions"] = _convolutions()
    return found


def _with_initializer(number: int, value: Array) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", number, ["a", 3])],
        [helper.make_tensor_value_info("y", number, ["a", 3]), helper.make_tensor_value_info("w", number, [2, 3])],
        [numpy_helper.from_array(value, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _softmax(opset: int) -> Case:
    """Before version 13 everything from the axis on is one distribution, which no conversion may change."""
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3, 4]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Softmax", ["x"], ["y"])], "g", info[:1], info[1:])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=3)
    return Case(proto, [{"x": counted(2, 3, 4)}])


def _named() -> Case:
    proto = parse_model(_HEADER + "g (float[3] x) => (float[3] y) { y = Neg(x) }")
    taken, given = "a/b:c 0é\n\"x'", "→ out ☃"
    proto.graph.input[0].name = proto.graph.node[0].input[0] = taken
    proto.graph.output[0].name = proto.graph.node[0].output[0] = given
    proto.graph.node[0].name = "n\x01\n"
    return Case(proto, [{taken: counted(3)}])


def _function() -> Case:
    proto = parse_model(_HEADER + "g (float[3] x) => (float[3] y) { y = local.Scaled(x) }")
    nodes = [
        helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(counted(3))),
        helper.make_node("Mul", ["a", "c"], ["b"]),
    ]
    proto.functions.append(helper.make_function("local", "Scaled", ["a"], ["b"], nodes, [helper.make_opsetid("", 17)]))
    return Case(proto, [{"x": counted(3)}])


def _convolutions() -> Case:
    random = np.random.default_rng(0)
    constants = {
        "w": random.normal(size=(64, 3, 3, 3)),
        "b": random.normal(size=64),
        "v": random.normal(size=(64, 10)),
        "d": random.normal(size=10),
    }
    graph = parse_model(
        _HEADER + "g (float[n,3,h,w] x) => (float[n,10] y) { c = Conv<pads = [1,1,1,1]>(x, w, b) r = Relu(c) "
        "p = GlobalAveragePool(r) q = Flatten(p) y = Gemm(q, v, d) }"
    )
    graph.graph.initializer.extend(
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()
    )
    return Case(graph, [{"x": random.normal(size=(2, 3, 17, 19)).astype(np.float32)}])
