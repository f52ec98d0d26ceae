"""Operators as rows: name, types of the operands, type of the result, and the rule for its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .graph import DTYPES, Builder, Dim, Shape, Value

ALL = " ".join(DTYPES)
REAL = "F32 F64"
SIGNED = "F32 F64 S32 S64"
INTEGERS = "S8 U8 S16 U16 S32 U32 S64 U64"


@dataclass(frozen=True)
class Shaped:
    """What a rule decides.

    Attributes:
        shapes: The results' shapes.
        attributes: The node's attributes.
        more: Names of operands after those of the row.
    """

    shapes: Sequence[Shape]
    attributes: dict[str, Any] = field(default_factory=dict)
    more: Sequence[str] = ()


Rule = Callable[[Builder, Sequence[Value]], Shaped | None]
"""None: not for these operands."""


@dataclass(frozen=True)
class Operator:
    """A row of the table.

    Attributes:
        name: ONNX operator.
        operands: Types of each operand, separated by commas: names, or T for the first one's.
        result: Types of each result, likewise.
        rule: Decides shapes, attributes and further operands.
        types: What T may be.
        since: Operator set that is needed.
        any_rank: Also for values whose rank is not known.
    """

    name: str
    operands: str
    result: str
    rule: Rule
    types: str = ""
    since: int = 1
    any_rank: bool = False

    def add_to(self, builder: Builder) -> bool:
        """Adds a node to the graph; False when nothing there suits it."""
        kinds = self.operands.split(",")
        first = builder.pick((self.types if kinds[0] == "T" else kinds[0]).split(), known=not self.any_rank)
        if first is None or builder.common.opset < self.since:
            return False
        operands = [first]
        for kind in kinds[1:]:
            operands.append(partner(builder, operands[-1], first.dtype if kind == "T" else kind))
        shaped = self.rule(builder, operands)
        if shaped is None or not all(builder.fits(shape) for shape in shaped.shapes):
            return False
        dtypes = [first.dtype if kind == "T" else kind for kind in self.result.split(",")]
        names = [*(value.name for value in operands), *shaped.more]
        builder.node(self.name, names, list(zip(dtypes, shaped.shapes, strict=True)), **shaped.attributes)
        return True


def partner(builder: Builder, value: Value, dtype: str) -> Value:
    """A value that broadcasts with another one: one that is there, or a constant."""
    others = [
        other
        for other in builder.values
        if other.dtype == dtype
        and other.shape is not None
        and value.shape is not None
        and broadcast_shapes(value.shape, other.shape) is not None
    ]
    if others and builder.chance(0.6):
        return builder.random.choice(others)
    shape = value.shape or ()
    kept = shape[builder.random.randint(0, len(shape)) :] if builder.chance(0.6) else ()
    fixed = tuple(dim if isinstance(dim, int) and builder.chance(0.7) else 1 for dim in kept)
    return builder.constant(builder.array(dtype, fixed))


def broadcast_shapes(left: tuple[Dim, ...], right: tuple[Dim, ...]) -> tuple[Dim, ...] | None:
    """The shape of an elementwise result; None when the operands do not fit in every call."""
    rank = max(len(left), len(right))
    pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    result: list[Dim] = []
    for one, other in pairs:
        if one != other and 1 not in (one, other):
            return None
        result.append(other if one == 1 else one)
    return tuple(result)


def same(_builder: Builder, operands: Sequence[Value]) -> Shaped:
    """The first operand's shape."""
    return Shaped([operands[0].shape])


def broadcast(_builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    """The shape that numpy's rule gives."""
    shape: tuple[Dim, ...] | None = ()
    for operand in operands:
        if operand.shape is None or shape is None:
            return None
        shape = broadcast_shapes(shape, operand.shape)
    return None if shape is None else Shaped([shape])


def _one_by_one(names: str, types: str, result: str = "T", since: int = 1) -> list[Operator]:
    return [Operator(name, "T", result, same, types, since, any_rank=True) for name in names.split()]


def _two_by_two(names: str, types: str, result: str = "T", since: int = 1) -> list[Operator]:
    return [Operator(name, "T,T", result, broadcast, types, since) for name in names.split()]


ELEMENTWISE: list[Operator] = [
    *_one_by_one("Identity", ALL),
    *_one_by_one("Neg", "F32 F64 S8 S32 S64"),
    *_one_by_one("Abs Sign", f"{REAL} {INTEGERS}"),
    *_one_by_one("Relu", "F32 F64 S8 S32"),
    *_one_by_one("Sigmoid Tanh Exp Log Sqrt Floor Ceil Round Reciprocal Sin Cos", REAL),
    *_one_by_one("Erf Softplus Softsign Elu Selu LeakyRelu HardSigmoid ThresholdedRelu", "F32"),
    *_one_by_one("HardSwish", "F32", since=14),
    *_one_by_one("Sigmoid Sqrt Exp Abs Neg", "F16"),
    *_one_by_one("Not", "BOOL8"),
    *_one_by_one("IsNaN", "F16 F32 F64", "BOOL8"),
    *_one_by_one("IsInf", REAL, "BOOL8"),
    *_one_by_one("BitwiseNot", INTEGERS, since=18),
    *_one_by_one("Gelu", "F32", since=20),
    *_two_by_two("Add Sub Mul", f"{SIGNED} F16"),
    *_two_by_two("Div Pow", REAL),
    *_two_by_two("Max Min", f"{SIGNED} U32 U64"),
    *_two_by_two("Equal", f"{SIGNED} BOOL8", "BOOL8"),
    *_two_by_two("Less Greater LessOrEqual GreaterOrEqual", SIGNED, "BOOL8"),
    *_two_by_two("And Or Xor", "BOOL8"),
    *_two_by_two("BitwiseAnd BitwiseOr BitwiseXor", INTEGERS, since=18),
    *(Operator("Where", f"BOOL8,{dtype},{dtype}", dtype, broadcast) for dtype in ("F32", "F64", "S32", "S64", "U8")),
]
