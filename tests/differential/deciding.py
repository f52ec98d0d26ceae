"""Parts of graphs whose results have sizes or ranks known only after a run: by data, draws, branches, loops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import TensorProto, helper
from support.dtypes import NUMPY_OF, Array

from .graph import Builder, Dim, Shape, Value, info
from .shaping import SHAPING, known
from .table import ALL, ELEMENTWISE

Part = Callable[[Builder], bool]
"""Adds nodes to a graph; False when nothing there suits it."""


def _flat(builder: Builder, value: Value) -> Value:
    shape = known(value)
    sizes = [dim for dim in shape if isinstance(dim, int)]
    size: Dim = int(np.prod(sizes, dtype=np.int64)) if len(sizes) == len(shape) else builder.unknown()
    return builder.node("Reshape", [value.name, builder.integers([-1])], [(value.dtype, (size,))])[0]


def _mask(builder: Builder, value: Value) -> Value:
    """Where a flat value is above 0."""
    zero = builder.constant(np.zeros((), NUMPY_OF[value.dtype]))
    return builder.node("Greater", [value.name, zero.name], [("BOOL8", value.shape)])[0]


def _nonzero(builder: Builder) -> bool:
    value = builder.pick(("F32", "S32", "S64", "U8", "BOOL8"))
    if value is None:
        return False
    builder.node("NonZero", [value.name], [("S64", (len(known(value)), builder.unknown()))])
    return True


def _compress(builder: Builder) -> bool:
    value = builder.pick(("F32", "F64", "S32", "S64"))
    if value is None or not known(value):
        return False
    flat = _flat(builder, value)
    builder.node("Compress", [flat.name, _mask(builder, flat).name], [(value.dtype, (builder.unknown(),))], axis=0)
    return True


def _unique(builder: Builder) -> bool:
    value = builder.pick(("F32", "F64", "S8", "S64"))
    if value is None:
        return False
    count, size = builder.unknown(), _flat(builder, value).shape
    results: list[tuple[str, Shape]] = [(value.dtype, (count,)), ("S64", (count,)), ("S64", size), ("S64", (count,))]
    builder.node("Unique", [value.name], results, sorted=builder.random.randint(0, 1))
    return True


def _suppression(builder: Builder) -> bool:
    """NonMaxSuppression over boxes and scores that the caller gives."""
    count = builder.random.choice((4, "boxes"))
    if isinstance(count, str):
        for sizes in builder.common.sizes:
            sizes.setdefault(count, builder.random.choice((0, 1, 5, 12)))

    def boxes(shape: tuple[int, ...]) -> Array:
        rng = np.random.default_rng(builder.random.randrange(1 << 30))
        return np.asarray(np.sort(rng.random((*shape[:2], 2, 2)), axis=2).reshape(shape), np.float32)

    given = [builder.input("F32", (1, count, 4), boxes), builder.input("F32", (1, 2, count))]
    limits = [builder.integers([3]), *(builder.constant(np.array([x], np.float32)).name for x in (0.5, 0.1))]
    names = [*(value.name for value in given), *limits]
    builder.node("NonMaxSuppression", names, [("S64", (builder.unknown(), 3))])
    return True


def _draw(builder: Builder) -> bool:
    """Random numbers from a seed of the model, and how many of them are above a half."""
    shape = tuple(builder.random.choice((1, 3, 6)) for _ in range(builder.random.randint(1, 3)))
    seed = float(builder.random.randint(1, 99))
    drawn = builder.node("RandomUniform", [], [("F32", shape)], shape=list(shape), seed=seed)[0]
    builder.common.draws = True
    half = builder.constant(np.array(0.5, np.float32))
    above = builder.node("Greater", [drawn.name, half.name], [("BOOL8", shape)])[0]
    builder.node("NonZero", [above.name], [("S64", (len(shape), builder.unknown()))])
    return True


def _reshape_by_input(builder: Builder) -> bool:
    """The caller says the shape, and maybe even the rank."""
    value = builder.pick(tuple(ALL.split()))
    if value is None:
        return False
    fixed = builder.random.choice((1, 2, 3))
    length: Dim = fixed if builder.chance(0.5) else builder.name("rank")
    for sizes in builder.common.sizes:
        if isinstance(length, str):
            sizes[length] = builder.random.choice((1, 2, 4, 6))

    def wanted(shape: tuple[int, ...]) -> Array:
        at = builder.random.randrange(shape[0])
        return np.array([-1 if i == at else 1 for i in range(shape[0])], np.int64)

    given = builder.input("S64", (length,), wanted)
    shape: Shape = tuple(builder.unknown() for _ in range(length)) if isinstance(length, int) else None
    builder.node("Reshape", [value.name, given.name], [(value.dtype, shape)])
    return True


def _number(builder: Builder, shape: tuple[int, ...] = ()) -> Value:
    """A small whole number that the caller gives."""
    return builder.input("S64", shape, lambda sizes: np.full(sizes, builder.random.randint(0, 6), np.int64))


def _filled_by_input(builder: Builder) -> bool:
    """A tensor of as many elements as the caller says."""
    kind, size = builder.random.choice(("Range", "ConstantOfShape", "Expand", "Tile")), builder.unknown()
    if kind == "Range":
        ends = [builder.constant(np.array(number, np.int64)).name for number in (0, 1)]
        builder.node(kind, [ends[0], _number(builder).name, ends[1]], [("S64", (size,))])
        return True
    count = _number(builder, (1,))
    if kind == "ConstantOfShape":
        builder.node(kind, [count.name], [("F32", (size,))])
        return True
    dtype = builder.random.choice(("F32", "S8", "S64", "BOOL8"))
    one = builder.constant(builder.array(dtype, (1,)))
    builder.node(kind, [one.name, count.name], [(dtype, (size,))])
    return True


def _condition(builder: Builder) -> Value:
    """True or false by the caller, by data, or always the same."""
    value = builder.pick(("F32", "S64"))
    if value is not None and builder.chance(0.4):
        total = builder.node("ReduceSum", [value.name], [(value.dtype, ())], keepdims=0)[0]
        return _mask(builder, total)
    if builder.chance(0.3):
        return builder.constant(np.array(builder.chance(0.5)))
    return builder.input("BOOL8", (), lambda _: np.array(builder.chance(0.5)))


def _grow(builder: Builder, start: Value) -> Value:
    """A value of the same type that comes from another one by a few nodes, or is just that one."""
    builder.values = [start]
    for _ in range(builder.random.randint(0, 3)):
        row = builder.random.choice(SHAPING if builder.chance(0.6) else ELEMENTWISE)
        row.add_to(builder)
    found = [value for value in builder.values if value.dtype == start.dtype]
    return builder.node("Identity", [found[-1].name], [(found[-1].dtype, found[-1].shape)])[0]


def _joined(first: Shape, second: Shape, unknown: Callable[[], str]) -> Shape:
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(one if one == other else unknown() for one, other in zip(first, second, strict=True))


def _if(builder: Builder) -> bool:
    """Two branches, often of different sizes or ranks."""
    value = builder.pick(tuple(ALL.split()))
    if value is None:
        return False
    condition, ends, graphs = _condition(builder), [], []
    for name in ("then", "else"):
        branch = builder.inner()
        end = _grow(branch, value)
        graphs.append(branch.graph(builder.name(name), [], [info(end.name, end.dtype, end.shape)]))
        ends.append(end)
    shape = _joined(ends[0].shape, ends[1].shape, builder.unknown)
    builder.node("If", [condition.name], [(value.dtype, shape)], then_branch=graphs[0], else_branch=graphs[1])
    return True


def _loop(builder: Builder) -> bool:
    """A state that may grow each time round, and what each round gives, stacked."""
    value = builder.pick(("F32", "S64", "U8", "S32"))
    if value is None or not known(value):
        return False
    grows = builder.chance(0.5)
    trips = (
        builder.constant(np.array(builder.random.randint(0, 3), np.int64)) if builder.chance(0.3) else _number(builder)
    )
    shape = known(value)
    size: Dim = builder.unknown() if grows else shape[0]
    inside: Shape = (size, *shape[1:])
    body = builder.inner()
    number, go, state = (builder.name(stem) for stem in ("i", "go", "state"))
    body.nodes.append(helper.make_node("Identity", [go], [go_on := builder.name("go")]))
    if grows:
        after = body.node("Concat", [state, value.name], [(value.dtype, inside)], axis=0)[0]
    else:
        after = body.node("Abs", [state], [(value.dtype, inside)])[0]
    each = body.node("Size", [state], [("S64", ())])[0]
    graph = body.graph(
        builder.name("body"),
        [
            helper.make_tensor_value_info(number, TensorProto.INT64, []),
            helper.make_tensor_value_info(go, TensorProto.BOOL, []),
            info(state, value.dtype, inside),
        ],
        [
            helper.make_tensor_value_info(go_on, TensorProto.BOOL, []),
            info(after.name, value.dtype, inside),
            info(each.name, "S64", ()),
        ],
    )
    results: list[tuple[str, Shape]] = [(value.dtype, inside), ("S64", (builder.unknown(),))]
    builder.node("Loop", [trips.name, "", value.name], results, body=graph)
    return True


def _scan(builder: Builder) -> bool:
    """Row by row, a sum that is carried on and the rows' absolutes."""
    value = builder.pick(("F32", "S32", "S64"))
    if value is None or not known(value):
        return False
    row = known(value)[1:]
    if any(not isinstance(dim, int) for dim in row):
        return False
    start = builder.constant(builder.array(value.dtype, tuple(int(dim) for dim in row)))
    body = builder.inner()
    state, item = builder.name("state"), builder.name("item")
    total = body.node("Add", [state, item], [(value.dtype, row)])[0]
    each = body.node("Abs", [item], [(value.dtype, row)])[0]
    graph = body.graph(
        builder.name("body"),
        [info(state, value.dtype, row), info(item, value.dtype, row)],
        [info(total.name, value.dtype, row), info(each.name, value.dtype, row)],
    )
    results: list[tuple[str, Shape]] = [(value.dtype, row), (value.dtype, known(value))]
    builder.node("Scan", [start.name, value.name], results, body=graph, num_scan_inputs=1)
    return True


DECIDING: list[Part] = [
    _nonzero,
    _compress,
    _unique,
    _suppression,
    _draw,
    _reshape_by_input,
    _filled_by_input,
    _if,
    _if,
    _loop,
    _scan,
]
