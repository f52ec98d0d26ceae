"""A random graph that grows node by node, and what is known of its values."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from support.dtypes import NUMPY_OF, Array, sample

Dim = int | str
"""A size, or the name of a size that differs from call to call or is known only after a run."""

Shape = tuple[Dim, ...] | None
"""None: not even the rank is known."""

Make = Callable[[tuple[int, ...]], Array]
"""Makes an input for one call; takes the shape that the call's sizes give."""

DTYPES = tuple(NUMPY_OF)
MAX_ELEMENTS = 6000
MAX_DIMENSIONS = 10
"""The most that an input or output may have in the drivers' interface; values inside a graph may have more."""
_GUESS = 12
"""What a size counts that is known only after a run."""


@dataclass(frozen=True)
class Value:
    """A tensor of the graph."""

    name: str
    dtype: str
    shape: Shape


@dataclass(frozen=True)
class Input:
    """A graph input and how its arrays are made."""

    value: Value
    make: Make


@dataclass
class Common:
    """What a graph shares with the graphs inside its nodes."""

    random: random.Random
    opset: int
    sizes: list[dict[str, int]]
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    draws: bool = False
    """A node draws random numbers, so a second run of one session gives others."""


class Builder:
    """Nodes, constants and values of one graph; a graph inside a node sees the values of the outer one."""

    def __init__(self, common: Common, seen: Sequence[Value] = ()) -> None:
        self.common = common
        self.random = common.random
        self.values: list[Value] = list(seen)
        self.inputs: list[Input] = []
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def name(self, stem: str) -> str:
        """A name that nothing else has."""
        return f"{stem}{next(self.common.numbers)}"

    def unknown(self) -> str:
        """A size that is known only after a run."""
        return self.name("u")

    def chance(self, part: float) -> bool:
        """True in this part of all cases."""
        return self.random.random() < part

    def pick(self, dtypes: Sequence[str], *, known: bool = True) -> Value | None:
        """A value of one of these types, late ones rather than early ones; ``known``: its rank is known."""
        found = [value for value in self.values if value.dtype in dtypes and not (known and value.shape is None)]
        return self.random.choice(found[-4:] if self.chance(0.5) else found) if found else None

    def input(self, dtype: str, shape: tuple[Dim, ...], make: Make | None = None) -> Value:
        """A new graph input."""
        value = Value(self.name("in"), dtype, shape)
        self.inputs.append(Input(value, make or (lambda sizes: self.array(dtype, sizes))))
        self.values.append(value)
        return value

    def constant(self, array: Array) -> Value:
        """A new constant: an initializer, or sometimes a node. It is not offered to later nodes."""
        dtype = next(name for name, numpy in NUMPY_OF.items() if numpy == array.dtype)
        value = Value(self.name("c"), dtype, array.shape)
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), value.name)
        if self.chance(0.2):
            self.nodes.append(helper.make_node("Constant", [], [value.name], value=tensor))
        else:
            self.constants.append(tensor)
        return value

    def integers(self, numbers: Sequence[int]) -> str:
        """The name of a new int64 constant, as axes, shapes and indices are."""
        return self.constant(np.array(numbers, np.int64)).name

    def node(
        self, operator: str, operands: Sequence[str], results: Sequence[tuple[str, Shape]], **attributes: Any
    ) -> list[Value]:
        """Adds a node; its results are offered to later ones."""
        values = [Value(self.name("v"), dtype, shape) for dtype, shape in results]
        names = [value.name for value in values]
        self.nodes.append(helper.make_node(operator, list(operands), names, name=self.name("n"), **attributes))
        self.values.extend(values)
        return values

    def fits(self, shape: Shape) -> bool:
        """Returns True if a tensor of this shape is small enough in each call, and has a rank that drivers take."""
        return shape is None or (len(shape) <= MAX_DIMENSIONS and self.elements(shape) <= MAX_ELEMENTS)

    def elements(self, shape: tuple[Dim, ...]) -> int:
        """The most elements that a tensor of this shape has in any call, as far as sizes are known."""
        most = 0
        for sizes in self.common.sizes:
            most = max(most, int(np.prod([self._size(dim, sizes) for dim in shape], dtype=np.int64)))
        return most

    def never_empty(self, shape: tuple[Dim, ...]) -> bool:
        """Returns True if each call's sizes are known and none of them is 0."""
        return all(self._size(dim, {**dict.fromkeys(shape, 0), **of}) for of in self.common.sizes for dim in shape)

    @staticmethod
    def _size(dim: Dim, sizes: Mapping[Any, int]) -> int:
        return dim if isinstance(dim, int) else sizes.get(dim, _GUESS)

    def array(self, dtype: str, shape: tuple[int, ...]) -> Array:
        """Small whole numbers, ordinary ones, or all that the type can hold with its extremes."""
        numpy, seed, kind = NUMPY_OF[dtype], self.random.randrange(1 << 30), self.random.random()
        if kind < 0.15:
            return sample(numpy, shape, seed)
        rng = np.random.default_rng(seed)
        if numpy.kind == "b":
            return np.asarray(rng.random(shape) < 0.5)
        if numpy.kind == "f" and kind < 0.7:
            return np.asarray(rng.normal(0, 2, shape), numpy)
        return np.asarray(rng.integers(0 if numpy.kind == "u" else -4, 6, shape), numpy)

    def inner(self) -> Builder:
        """A builder for a graph inside a node of this one."""
        return Builder(self.common, self.values)

    def graph(self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> GraphProto:
        """The finished graph."""
        return helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.constants)


def concrete(shape: tuple[Dim, ...], sizes: dict[str, int]) -> tuple[int, ...]:
    """The shape with a call's sizes."""
    return tuple(dim if isinstance(dim, int) else sizes[dim] for dim in shape)


def info(name: str, dtype: str, shape: Shape) -> ValueInfoProto:
    """A declaration; without rank when ``shape`` is None."""
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(NUMPY_OF[dtype]), None if shape is None else list(shape)
    )
