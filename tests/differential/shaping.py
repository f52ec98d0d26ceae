"""Operators that move elements, change their type or ask for their number."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from onnx import helper
from support.dtypes import NUMPY_OF

from .graph import DTYPES, Builder, Dim, Value
from .table import ALL, Operator, Shaped


def known(value: Value) -> tuple[Dim, ...]:
    """The shape of a value that the table has picked by its rank being known."""
    assert value.shape is not None
    return value.shape


def axis_of(builder: Builder, value: Value, *, fixed: bool = False) -> int | None:
    """An axis, of a size that is known and not 0 when ``fixed``; None when there is none."""
    axes = [i for i, dim in enumerate(known(value)) if not fixed or (isinstance(dim, int) and dim > 0)]
    return builder.random.choice(axes) if axes else None


def _transpose(builder: Builder, operands: Sequence[Value]) -> Shaped:
    shape = known(operands[0])
    order = builder.random.sample(range(len(shape)), len(shape))
    return Shaped([tuple(shape[i] for i in order)], {"perm": order} if order else {})


def _reshape(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    """Joins neighbours, adds ones, keeps dimensions with 0, and leaves one to the engine with -1."""
    shape = known(operands[0])
    if not shape or 0 in shape:
        return None
    at = builder.random.randrange(len(shape))
    joined = shape[at : at + 2]
    size: Dim = prod(joined) if all(isinstance(dim, int) for dim in joined) else builder.unknown()
    if any(not isinstance(dim, int) for dim in joined) and any(not isinstance(dim, int) for dim in shape[at + 2 :]):
        return None
    after = shape[at + 2 :]
    result: tuple[Dim, ...] = (*shape[:at], size, *after)
    wanted = [0] * at + [-1] + [int(dim) for dim in after if isinstance(dim, int)]
    if builder.chance(0.3) and at == 0:
        result, wanted = (1, *result), [1, *wanted]
    return Shaped([result], {}, [builder.integers(wanted)])


def _flatten(builder: Builder, operands: Sequence[Value]) -> Shaped:
    shape = known(operands[0])
    axis = builder.random.randint(0, len(shape))

    def product(dims: Sequence[Dim]) -> Dim:
        sizes = [dim for dim in dims if isinstance(dim, int)]
        return prod(sizes) if len(sizes) == len(dims) else builder.unknown()

    return Shaped([(product(shape[:axis]), product(shape[axis:]))], {"axis": axis})


def _squeeze(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = known(operands[0])
    axes = [i for i, dim in enumerate(shape) if dim == 1]
    if not axes:
        return None
    gone = builder.random.sample(axes, builder.random.randint(1, len(axes)))
    kept = tuple(dim for i, dim in enumerate(shape) if i not in gone)
    return Shaped([kept], {}, [builder.integers(sorted(gone))])


def _unsqueeze(builder: Builder, operands: Sequence[Value]) -> Shaped:
    shape = known(operands[0])
    count = builder.random.randint(1, 4) if builder.chance(0.2) else 1
    axes = sorted(builder.random.sample(range(len(shape) + count), count))
    rest = iter(shape)
    return Shaped(
        [tuple(1 if i in axes else next(rest) for i in range(len(shape) + count))], {}, [builder.integers(axes)]
    )


def _slice(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape, axis = known(operands[0]), axis_of(builder, operands[0])
    if axis is None:
        return None
    size = shape[axis]
    begin, end = builder.random.randint(-2, 2), builder.random.choice((-1, 1, 3, 1 << 40))
    step = builder.random.choice((1, 1, 2, -1, -2))
    if step < 0:
        begin, end = builder.random.choice((-1, 2)), builder.random.choice((0, -(1 << 40)))
    count: Dim = len(range(*slice(begin, end, step).indices(size))) if isinstance(size, int) else builder.unknown()
    if isinstance(size, int) and step < 0 and end < 0:
        count = len(range(*slice(begin, None, step).indices(size)))
    more = [builder.integers([number]) for number in (begin, end, axis, step)]
    return Shaped([(*shape[:axis], count, *shape[axis + 1 :])], {}, more)


def _concat(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    first, axis = operands[0], axis_of(builder, operands[0])
    if axis is None:
        return None
    shape = known(first)
    others = [
        other
        for other in builder.values
        if other.dtype == first.dtype
        and other.shape is not None
        and len(other.shape) == len(shape)
        and all(a == b for i, (a, b) in enumerate(zip(other.shape, shape, strict=True)) if i != axis)
    ]
    parts = [first, *others[:2]]
    sizes = [known(part)[axis] for part in parts]
    size: Dim = sum(dim for dim in sizes if isinstance(dim, int))
    if any(not isinstance(dim, int) for dim in sizes):
        size = builder.unknown()
    names = [part.name for part in parts[1:]]
    return Shaped([(*shape[:axis], size, *shape[axis + 1 :])], {"axis": axis}, names)


def _expand(builder: Builder, operands: Sequence[Value]) -> Shaped:
    shape = known(operands[0])
    wanted = [builder.random.choice((1, 2, 3)) if dim == 1 else 1 for dim in shape]
    more = [2] * builder.random.randint(0, 1)
    result = (*more, *(new if dim == 1 else dim for dim, new in zip(shape, wanted, strict=True)))
    return Shaped([result], {}, [builder.integers([*more, *wanted])])


def _tile(builder: Builder, operands: Sequence[Value]) -> Shaped:
    shape = known(operands[0])
    times = [builder.random.choice((1, 1, 2, 3)) for _ in shape]
    result = tuple(
        dim * count if isinstance(dim, int) else dim if count == 1 else builder.unknown()
        for dim, count in zip(shape, times, strict=True)
    )
    return Shaped([result], {}, [builder.integers(times)])


def _pad(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = known(operands[0])
    if not shape:
        return None
    pads = [builder.random.choice((0, 0, 1, 2)) for _ in range(2 * len(shape))]
    grown = [before + after for before, after in zip(pads[: len(shape)], pads[len(shape) :], strict=True)]
    result = tuple(
        dim + extra if isinstance(dim, int) else dim if extra == 0 else builder.unknown()
        for dim, extra in zip(shape, grown, strict=True)
    )
    return Shaped([result], {}, [builder.integers(pads)])


def _gather(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape, axis = known(operands[0]), axis_of(builder, operands[0], fixed=True)
    if axis is None:
        return None
    size = shape[axis]
    assert isinstance(size, int)
    indices = [builder.random.randrange(-size, size) for _ in range(builder.random.randint(0, 4))]
    if builder.chance(0.3):
        scalar = builder.node("Squeeze", [builder.integers([0])], [("S64", ())])[0]
        return Shaped([(*shape[:axis], *shape[axis + 1 :])], {"axis": axis}, [scalar.name])
    return Shaped([(*shape[:axis], len(indices), *shape[axis + 1 :])], {"axis": axis}, [builder.integers(indices)])


def _split(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape, axis = known(operands[0]), axis_of(builder, operands[0], fixed=True)
    if axis is None:
        return None
    size = shape[axis]
    assert isinstance(size, int)
    first = builder.random.randint(0, size)
    shapes = [(*shape[:axis], part, *shape[axis + 1 :]) for part in (first, size - first)]
    return Shaped(shapes, {"axis": axis}, [builder.integers([first, size - first])])


def _shape(builder: Builder, operands: Sequence[Value]) -> Shaped:
    shape = operands[0].shape
    return Shaped([(builder.unknown() if shape is None else len(shape),)])


def _size(_builder: Builder, _operands: Sequence[Value]) -> Shaped:
    return Shaped([()])


def _trilu(builder: Builder, operands: Sequence[Value]) -> Shaped | None:
    shape = known(operands[0])
    return Shaped([shape], {"upper": builder.random.randint(0, 1)}) if len(shape) >= 2 else None


def _cast(dtype: str) -> Operator:
    to = helper.np_dtype_to_tensor_dtype(NUMPY_OF[dtype])
    return Operator("Cast", "T", dtype, lambda _, values: Shaped([values[0].shape], {"to": to}), ALL, any_rank=True)


SHAPING: list[Operator] = [
    *(Operator(name, "T", "T", rule, ALL) for name, rule in {
        "Transpose": _transpose,
        "Reshape": _reshape,
        "Flatten": _flatten,
        "Squeeze": _squeeze,
        "Unsqueeze": _unsqueeze,
        "Slice": _slice,
        "Concat": _concat,
        "Expand": _expand,
        "Gather": _gather,
    }.items()),
    Operator("Tile", "T", "T", _tile, "F32 F64 S8 U8 S16 U16 S32 U32 S64 U64 BOOL8"),
    Operator("Pad", "T", "T", _pad, "F32 F64 S8 U8 S32 U32 S64 U64 BOOL8"),
    Operator("Split", "T", "T,T", _split, ALL),
    Operator("Trilu", "T", "T", _trilu, "F32 F64 S64 BOOL8", since=14),
    Operator("Shape", "T", "S64", _shape, ALL, any_rank=True),
    Operator("Size", "T", "S64", _size, ALL, any_rank=True),
]  # fmt: skip
CASTS: list[Operator] = [_cast(dtype) for dtype in DTYPES]
