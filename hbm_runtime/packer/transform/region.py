"""Cutting a region out of an image of any size and resizing it, as ONNX nodes.

Bilinear, with pixel centres at halves as image libraries have them. Colour differences are doubled to full resolution
before sampling, so the result is that of converting the region first and resizing it afterwards. Parts of the region
beyond the image are black.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from hbm_runtime.packer.graph.graph import Graph

_BLACK = (0.0, 128.0, 128.0)


@dataclass(frozen=True)
class _Axis:
    """Where the samples of one axis come from: two neighbouring indices, and how much each counts.

    Neighbours beyond the image count nothing.
    """

    low: str
    high: str
    low_weight: str
    high_weight: str


def add_region_sampling(
    graph: Graph, luma: str, chroma: str | None, roi: str, size: tuple[int, int], *, end_inclusive: bool
) -> str:
    """Float pixels (1, 1 or 3, height, width) of a region.

    Args:
        graph: The graph to add to.
        luma: U8 (1, H, W, 1).
        chroma: U8 (1, H/2, W/2, 2); None for gray.
        roi: S32 (1, 4): left, top, right, bottom.
        size: Height and width of the result.
        end_inclusive: Right and bottom belong to the region.
    """
    helper = _Nodes(graph)
    corners = helper.reshape(graph.prepend("Cast", [roi], to=TensorProto.INT64), [4])
    image_shape = graph.prepend("Shape", [luma])
    rows = _axis(helper, corners, image_shape, vertical=True, count=size[0], end_inclusive=end_inclusive)
    columns = _axis(helper, corners, image_shape, vertical=False, count=size[1], end_inclusive=end_inclusive)
    # Planes, not interleaved pixels: what follows then runs along rows.
    planes = [graph.prepend("Transpose", [plane], perm=[0, 3, 1, 2]) for plane in (luma, chroma) if plane is not None]

    def tap(row: str, column: str) -> str:
        taps = []
        for divisor, plane in enumerate(planes, start=1):
            at = [row, column] if divisor == 1 else [helper.half(row), helper.half(column)]
            taps.append(helper.gather(helper.gather(plane, at[0], axis=2), at[1], axis=3))
        pixels = taps[0] if len(taps) == 1 else graph.prepend("Concat", taps, axis=1)
        return graph.prepend("Cast", [pixels], to=TensorProto.FLOAT)

    def blend(low: str, high: str, axis: _Axis, shape: list[int]) -> str:
        low = helper.add("Mul", low, helper.reshape(axis.low_weight, shape))
        return helper.add("Add", low, helper.add("Mul", high, helper.reshape(axis.high_weight, shape)))

    across, down = [1, 1, 1, -1], [1, 1, -1, 1]
    upper, lower = (
        blend(tap(row, columns.low), tap(row, columns.high), columns, across) for row in (rows.low, rows.high)
    )
    pixels = blend(upper, lower, rows, down)
    return _fill(helper, pixels, rows, columns, channels=1 if chroma is None else 3)


def _fill(helper: _Nodes, pixels: str, rows: _Axis, columns: _Axis, *, channels: int) -> str:
    """Adds black as far as neighbours were beyond the image. Black luma is zero, so only colours need it."""
    if channels == 1:
        return pixels
    down = helper.reshape(helper.add("Add", rows.low_weight, rows.high_weight), [1, 1, -1, 1])
    across = helper.reshape(helper.add("Add", columns.low_weight, columns.high_weight), [1, 1, 1, -1])
    beyond = helper.add("Sub", helper.floats(1.0), helper.add("Mul", down, across))
    black = helper.graph.add_constant(np.array(_BLACK, np.float32).reshape(1, -1, 1, 1), "black")
    return helper.add("Add", pixels, helper.add("Mul", beyond, black))


def _axis(helper: _Nodes, corners: str, image_shape: str, *, vertical: bool, count: int, end_inclusive: bool) -> _Axis:
    first = helper.gather(corners, helper.integers(1 if vertical else 0, "corner"), axis=0)
    last = helper.gather(corners, helper.integers(3 if vertical else 2, "corner"), axis=0)
    if not end_inclusive:
        last = helper.add("Sub", last, helper.integers(1, "one"))
    extent = helper.gather(image_shape, helper.integers(1 if vertical else 2, "axis"), axis=0)
    span = helper.add("Sub", last, first)
    span = helper.graph.prepend("Cast", [span], to=TensorProto.FLOAT)
    step = helper.add("Div", helper.add("Add", span, helper.floats(1.0)), helper.floats(float(count)))
    centres = helper.graph.add_constant(np.arange(count, dtype=np.float32) + np.float32(0.5), "centres")
    place = helper.add("Sub", helper.add("Mul", centres, step), helper.floats(0.5))
    place = helper.add("Min", helper.add("Max", place, helper.floats(0.0)), span)
    floor = helper.add("Floor", place)
    weight = helper.add("Sub", place, floor)
    low = helper.add("Add", helper.graph.prepend("Cast", [floor], to=TensorProto.INT64), first)
    next_one = helper.add("Add", low, helper.integers(1, "one"))
    high = helper.add("Where", helper.add("Less", last, next_one), last, next_one)

    def limited(index: str) -> tuple[str, str]:
        zero = helper.integers(0, "zero")
        negative, inside_end = helper.add("Less", index, zero), helper.add("Less", index, extent)
        inside = helper.add("And", helper.add("Not", negative), inside_end)
        end = helper.add("Sub", extent, helper.integers(1, "one"))
        return helper.add("Where", negative, zero, helper.add("Where", inside_end, index, end)), inside

    (low, low_inside), (high, high_inside) = limited(low), limited(high)
    low_weight = helper.add("Sub", helper.floats(1.0), weight)
    return _Axis(low, high, helper.masked(low_weight, low_inside), helper.masked(weight, high_inside))


class _Nodes:
    """Short forms for the nodes above."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._constants: dict[str, str] = {}

    def add(self, operator: str, *inputs: str) -> str:
        return self.graph.prepend(operator, list(inputs))

    def gather(self, data: str, indices: str, *, axis: int) -> str:
        return self.graph.prepend("Gather", [data, indices], axis=axis)

    def half(self, index: str) -> str:
        return self.add("Div", index, self.integers(2, "two"))

    def masked(self, weight: str, inside: str) -> str:
        return self.add("Mul", weight, self.graph.prepend("Cast", [inside], to=TensorProto.FLOAT))

    def reshape(self, value: str, shape: list[int]) -> str:
        return self.add("Reshape", value, self.integers(shape, "shape"))

    def integers(self, value: int | list[int], hint: str) -> str:
        return self._constant(np.array(value, np.int64), hint)

    def floats(self, value: float) -> str:
        return self._constant(np.array(value, np.float32), "number")

    def _constant(self, value: np.ndarray[tuple[int, ...], np.dtype[np.generic]], hint: str) -> str:
        key = f"{value.dtype}{value.tolist()}"
        if key not in self._constants:
            self._constants[key] = self.graph.add_constant(value, hint)
        return self._constants[key]
