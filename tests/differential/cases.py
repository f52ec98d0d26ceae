"""A seed becomes a model and inputs for several calls."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto, helper
from onnx.external_data_helper import set_external_data
from support.dtypes import Array

from .computing import COMPUTING
from .deciding import DECIDING
from .graph import DTYPES, MAX_DIMENSIONS, MAX_ELEMENTS, Builder, Common, Dim, Shape, Value, concrete, info
from .shaping import CASTS, SHAPING
from .table import ELEMENTWISE

Arrays = dict[str, Array]
CALLS = 2
_OPSETS = (13, 17, 18, 21)
_IR_VERSION = 10
_USUAL_SHAPES: tuple[tuple[Dim, ...], ...] = (
    (1, 3, 8, 8),
    ("N", 3, 8, 8),
    ("N", 2, "M", "K"),
    (5, "N", 4),
    ("N", "M", 3),
    ("N", 4),
)
_ODD_NAMES = ("x:0", "/model/out", "a b", "größe", "1", "x.y", "n" * 200)


@dataclass(frozen=True)
class Case:
    """A model and what it is called with.

    Attributes:
        seed: Makes the same case again.
        model: The model.
        calls: Inputs by name, for calls one after the other.
        draws: The model draws random numbers, so only the first call of a session gives what the reference gives.
        external: The constants are kept in a file beside the model.
        refused: Name of a tensor of a type that no driver can express; "" when there is none.
    """

    seed: int
    model: ModelProto
    calls: Sequence[Arrays]
    draws: bool = False
    external: bool = False
    refused: str = ""

    def write(self, folder: Path) -> Path:
        """Writes the model; returns its path."""
        path = folder / f"case_{self.seed}.onnx"
        copy = ModelProto.FromString(self.model.SerializeToString())
        for constant in copy.graph.initializer if self.external else ():
            # The engine wants axes and shapes in the model itself.
            if constant.data_type != TensorProto.INT64 and constant.HasField("raw_data"):
                set_external_data(constant, f"{path.stem}.weights")
        path.with_suffix(".weights").unlink(missing_ok=True)
        onnx.save(copy, path)
        return path


def make_case(seed: int) -> Case:
    """The case of a seed: always the same one."""
    draw = random.Random(seed)
    names = ("N", "M", "K")
    sizes = [{name: draw.choice((0, 1, 2, 3, 5, 9)) if draw.random() < 0.3 else draw.randint(1, 9) for name in names}
             for _ in range(CALLS)]  # fmt: skip
    common = Common(draw, draw.choice(_OPSETS), sizes)
    builder = Builder(common)
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4, 5))):
        builder.input("F32" if draw.random() < 0.4 else draw.choice(DTYPES), _input_shape(builder))
    for _ in range(draw.randint(2, 14)):
        _add(builder)
    outputs = _outputs(builder)
    refused = _four_bits(builder, outputs) if common.opset >= 21 and draw.random() < 0.05 else ""
    inputs = _inputs(builder)
    graph = builder.graph(draw.choice(("graph", "g 1", "größe")), inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", common.opset)], ir_version=_IR_VERSION)
    calls = [
        {given.value.name: given.make(concrete(given.value.shape or (), of)) for given in builder.inputs}
        for of in sizes
    ]
    if draw.random() < 0.15:
        calls = _rename(model, calls, draw)
    external = draw.random() < 0.15 and bool(builder.constants)
    return Case(seed, model, calls, common.draws, external, refused)


def _input_shape(builder: Builder) -> tuple[Dim, ...]:
    draw = builder.random
    if draw.random() < 0.2:
        return draw.choice(_USUAL_SHAPES)
    while True:
        rank = draw.choice((0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10))
        sizes: Sequence[Dim] = (0, 1, 2, 3, 4, 5, 7, 8, 8, "N", "M", "K", "N") if rank < 5 else (1, 1, 2, "N")
        shape = tuple(draw.choice(sizes) for _ in range(rank))
        if builder.elements(shape) <= MAX_ELEMENTS // 4 and (0 not in shape or draw.random() < 0.3):
            return shape


def _add(builder: Builder) -> None:
    """Adds one part; tries again when it does not suit what is there."""
    for _ in range(20):
        kind = builder.random.random()
        if kind < 0.12:
            done = builder.random.choice(DECIDING)(builder)
        else:
            rows = ELEMENTWISE if kind < 0.42 else SHAPING if kind < 0.68 else COMPUTING if kind < 0.88 else CASTS
            done = builder.random.choice(rows).add_to(builder)
        if done:
            return


def _outputs(builder: Builder) -> list[ValueInfoProto]:
    """One to five declarations, some wrong, of late values, at times of an input, a constant or one value twice."""
    draw = builder.random
    chosen: list[Value] = []
    expressible = [value for value in builder.values if value.shape is None or len(value.shape) <= MAX_DIMENSIONS]
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4, 5))):
        kind = draw.random()
        value = draw.choice(expressible[-6:])
        if kind < 0.06 and builder.inputs:
            value = draw.choice(builder.inputs).value
        elif kind < 0.12:
            shape = tuple(draw.choice((0, 1, 3, 40)) for _ in range(draw.randint(0, 3)))
            value = builder.constant(builder.array(draw.choice(DTYPES), shape))
        elif kind < 0.24 and chosen:
            twice = draw.choice(chosen)
            value = builder.node("Identity", [twice.name], [(twice.dtype, twice.shape)])[0]
        if value not in chosen:
            chosen.append(value)
    return [info(value.name, value.dtype, _declared(builder, value.shape)) for value in chosen]


def _declared(builder: Builder, shape: Shape) -> Shape:
    """What the model says of an output: the truth, less, or something wrong."""
    draw, kind = builder.random, builder.random.random()
    if shape is None or kind < 0.6:
        return shape
    if kind < 0.7:
        return tuple(builder.unknown() for _ in shape)
    if kind < 0.78:
        return None
    wrong: list[Dim] = list(shape)
    if kind < 0.9 and wrong:
        at = 0 if draw.random() < 0.5 else draw.randrange(len(wrong))
        wrong[at] = draw.choice((0, 1, 5, 64))
    elif kind < 0.95:
        wrong.insert(0, draw.choice((1, 2)))
    else:
        wrong = [] if draw.random() < 0.5 else wrong[1:]
    return tuple(wrong)


def _four_bits(builder: Builder, outputs: list[ValueInfoProto]) -> str:
    """An output of half-byte elements, which the drivers' interface cannot express."""
    zero, name = builder.name("zero"), builder.name("half")
    builder.constants.append(helper.make_tensor(zero, TensorProto.INT4, [], b"\1", raw=True))
    value, scale = (builder.constant(np.array(numbers, np.float32)) for numbers in ([1, -2, 3], 0.5))
    builder.nodes.append(helper.make_node("QuantizeLinear", [value.name, scale.name, zero], [name]))
    outputs.append(helper.make_tensor_value_info(name, TensorProto.INT4, [3]))
    return name


def _inputs(builder: Builder) -> list[ValueInfoProto]:
    """The inputs' declarations, and at times constants that are listed there too, as old exporters do."""
    listed = [info(given.value.name, given.value.dtype, given.value.shape) for given in builder.inputs]
    if builder.chance(0.05):
        listed += [
            helper.make_tensor_value_info(constant.name, constant.data_type, list(constant.dims))
            for constant in builder.constants
            if constant.data_type != TensorProto.INT4
        ]
    return listed


def _rename(model: ModelProto, calls: list[Arrays], draw: random.Random) -> list[Arrays]:
    """Gives one input and one output names that exporters give and that are awkward for files and command lines."""
    odd = draw.sample(_ODD_NAMES, 2)
    graph = model.graph
    new = dict(zip((graph.input[0].name if graph.input else "", graph.output[0].name), odd, strict=True))
    _rename_all(graph, new)
    return [{new.get(name, name): array for name, array in call.items()} for call in calls]


def _rename_all(graph: onnx.GraphProto, new: dict[str, str]) -> None:
    for declared in (*graph.input, *graph.output):
        declared.name = new.get(declared.name, declared.name)
    for constant in graph.initializer:
        constant.name = new.get(constant.name, constant.name)
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename_all(attribute.g, new)
