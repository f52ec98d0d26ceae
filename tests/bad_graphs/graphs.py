"""Graphs of one operator with arbitrary inputs and attributes, most of them impossible. A number stands for one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from bad_graphs import fitting
from bad_graphs.operators import MICROSOFT, Operator, operators
from onnx import TensorProto, helper, numpy_helper
from support.dtypes import Array

_INTS = (0, 1, -1, 2, 3, 4, -2, -5, 7, 64, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**63), 2**63 - 1)
_FLOATS = (0.0, 1.0, -1.0, 0.5, 1e38, -1e38, float("nan"), float("inf"))
_STRINGS = ("", "SAME_UPPER", "VALID", "NOTSET", "linear", "cubic", "constant", "reflect", "edge", "bilinear", "add",
            "forward", "bidirectional", "reverse", "Relu", "x" * 300, "\xff")  # fmt: skip
_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(int16)": np.int16,
    "tensor(uint16)": np.uint16,
    "tensor(int32)": np.int32,
    "tensor(uint32)": np.uint32,
    "tensor(int64)": np.int64,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
    "tensor(int4)": ml_dtypes.int4,
    "tensor(uint4)": ml_dtypes.uint4,
}
_NEVER_INPUTS = {"tensor(int4)", "tensor(uint4)"}  # of a model: only constants have them
_MIN_OPSET, _LARGEST_OPSET = 7, 21


def _attribute(kind: str, chance: random.Random) -> Any:
    one = {"INT": _INTS, "FLOAT": _FLOATS, "STRING": _STRINGS}
    if kind in one:
        return chance.choice(one[kind])
    if kind == "INTS":
        few = _INTS[:9] if chance.random() < 0.7 else _INTS
        return [chance.choice(few) for _ in range(chance.choice((0, 1, 2, 2, 2, 3, 4, 4, 5)))]
    if kind in {"FLOATS", "STRINGS"}:
        return [chance.choice(one[kind[:-1]]) for _ in range(chance.randrange(4))]
    return numpy_helper.from_array(_values(chance, np.float32, _shape(chance))) if kind == "TENSOR" else None


def _shape(chance: random.Random) -> tuple[int, ...]:
    return tuple(chance.choice((0, 1, 1, 2, 2, 3, 4)) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4, 4, 5))))


def _values(chance: random.Random, dtype: Any, shape: tuple[int, ...]) -> Array:
    generator = np.random.default_rng(chance.randrange(2**32))
    count = int(np.prod(shape))
    if dtype == np.bool_:
        return generator.integers(0, 2, count).astype(np.bool_).reshape(shape)
    if dtype == ml_dtypes.uint4:
        return generator.integers(0, 16, count).astype(dtype).reshape(shape)
    if not np.issubdtype(dtype, np.integer):
        return generator.normal(0, 3, count).astype(dtype).reshape(shape)
    limits = np.iinfo(dtype)
    pool = [0, 1, 2, 3, limits.max, limits.min] + ([-1, -2] if limits.min else [])
    return np.array([pool[index] for index in generator.integers(0, len(pool), count)], dtype).reshape(shape)


def _input_type(operator: Operator, index: int, chosen: str | None, chance: random.Random) -> str:
    if operator.input_types:
        types = operator.input_types[min(index, len(operator.input_types) - 1)]
        known = [each for each in types if each in _TYPES]
        if known and chance.random() < 0.95:
            return chosen if chosen in known and chance.random() < 0.8 else chance.choice(known)
    elif chance.random() < 0.9:
        return chance.choice(("tensor(float)", "tensor(uint8)", "tensor(int8)", "tensor(float)", "tensor(bool)"))
    return chance.choice(sorted(_TYPES))


@dataclass
class Case:
    """A graph and what it is run with."""

    model: bytes
    inputs: dict[str, Array]
    text: str


class _Inputs:
    """The inputs of a node: some constants, some the graph's own, some missing."""

    def __init__(self, operator: Operator, chance: random.Random) -> None:
        self.sizes = fitting.Sizes.chosen(chance)
        self.names: list[str] = []
        self.constants: dict[str, Array] = {}
        self.given: dict[str, Array] = {}
        count = chance.randint(operator.least_inputs, operator.most_inputs)
        if chance.random() < 0.15:
            count = chance.randrange(operator.most_inputs + 2)
        kind, shape = None, _shape(chance)
        missing = {index for group in operator.optional for index in group if chance.random() < 0.01}
        missing.update(*(group for group in operator.optional if chance.random() < 0.2))
        kinds: dict[tuple[str, ...], str] = {}  # by what an input may be: those of a quantised tensor are the same
        for index in range(count):
            if index in missing or (index >= operator.least_inputs and chance.random() < 0.1):
                self.names.append("")
                continue
            self.names.append(f"i{index}")
            allowed = tuple(operator.input_types[index]) if index < len(operator.input_types) else ()
            fits = operator.name in fitting.SHAPES and chance.random() < 0.98
            kind = kinds[allowed] if fits and allowed in kinds else _input_type(operator, index, kind, chance)
            kinds.setdefault(allowed, kind)
            shape = shape if chance.random() < 0.5 else _shape(chance)
            if fits:
                shape = fitting.shape(operator.name, index, self.sizes)
            elif operator.name.startswith("QLinear") and "float" in kind and chance.random() < 0.7:
                shape = ()
            constant = chance.random() < 0.4 or kind in _NEVER_INPUTS
            values = _values(chance, _TYPES[kind], shape)
            if fits and (rows := fitting.ROWS.get(operator.name)) and "int" in kind and chance.random() < 0.8:
                values = (values % rows).astype(values.dtype)
            (self.constants if constant else self.given)[f"i{index}"] = values
        if operator.name == "Div" and self.given:
            self._divide_sanely()

    def _divide_sanely(self) -> None:
        """Leaves out the one thing that nobody can see before it runs: the least integer divided by -1."""
        for values in [*self.constants.values(), *self.given.values()]:
            if np.issubdtype(values.dtype, np.signedinteger):
                values[values == np.iinfo(values.dtype).min] = 1

    def declared(self, chance: random.Random) -> list[onnx.ValueInfoProto]:
        """Declares the graph's own; some dimensions are dynamic."""
        infos = []
        for name, values in self.given.items():
            dims = [size if chance.random() < 0.8 else f"{name}_{axis}" for axis, size in enumerate(values.shape)]
            infos.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype), dims))
        return infos


def _attributes(operator: Operator, inputs: _Inputs, chance: random.Random) -> list[onnx.AttributeProto]:
    made = []
    if (fit := fitting.attributes(operator.name, inputs.sizes, chance)) is not None and chance.random() < 0.8:
        return [helper.make_attribute(name, value) for name, value in fit.items()]
    for name, kind in operator.attributes.items():
        if chance.random() < 0.6 and (value := _attribute(kind, chance)) is not None:
            number = onnx.AttributeProto.AttributeType.Value(kind)
            made.append(helper.make_attribute(name, value, attr_type=number))
    return made


def case(seed: int, number: int, only: frozenset[str] = frozenset()) -> Case:
    """The graph of a number, of all operators or only of those."""
    chance = random.Random(f"{seed}-{number}")
    known = operators(chance.randint(_MIN_OPSET, _LARGEST_OPSET))
    operator = chance.choice([each for each in known if not only or each.name in only] or known)
    inputs = _Inputs(operator, chance)
    has_all = chance.random() < (0.9 if operator.name in fitting.ROWS else 0.5)
    outputs = [f"o{index}" for index in range(max(1, operator.outputs) if has_all else 1)]
    node = helper.make_node(operator.name, inputs.names, outputs, domain=operator.domain)
    node.attribute.extend(_attributes(operator, inputs, chance))
    constants = [numpy_helper.from_array(values, name) for name, values in inputs.constants.items()]
    results = [onnx.ValueInfoProto(name=each) for each in outputs]
    graph = helper.make_graph([node], "graph", inputs.declared(chance), results, constants)
    imports = [helper.make_opsetid("", operator.opset), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    given = {name: f"{array.dtype}{list(array.shape)}" for name, array in inputs.given.items()}
    fixed = {each.name: f"{TensorProto.DataType.Name(each.data_type)}{list(each.dims)}" for each in constants}
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    text = f"{operator.name} of opset {operator.opset}: inputs {inputs.names} {given} {fixed}, attributes {attributes}"
    return Case(model.SerializeToString(), inputs.given, text[:600])
