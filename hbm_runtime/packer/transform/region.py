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

_BLACK_LUMA = 0
_NEUTRAL_CHROMA = 128


@dataclass(frozen=True)
class _Axis:
    """Where the samples of one axis come from: indices into the image, their weights, and whether they are inside."""

    low: str
    high: str
    weight: str
    low_inside: str
    high_inside: str


def add_region_sampling(
    graph: Graph, luma: str, chroma: str | None, roi: str, size: tuple[int, int], *, end_inclusive: bool
) -> str:
    """Float pixels (1, height, width, 1 or 3) of a region.

    Args:
        graph: The graph to add to.
        luma: U8 (1, H, W, 1).
        chroma: U8 (1, H/2, W/2, 2); None for gray.
        roi: S32 (1, 4): left, top, right, bottom.
        size: Height and width of the result.
        end_inclusive: Right and bottom belong to the region.
    """
    helper = _Nodes(graph)
    corners = helper.add(
        "Reshape", graph.prepend("Cast", [roi], to=TensorProto.INT64), helper.integers([4], "roi_shape")
    )
    image_shape = graph.prepend("Shape", [luma])
    rows = _axis(helper, corners, image_shape, vertical=True, count=size[0], end_inclusive=end_inclusive)
    columns = _axis(helper, corners, image_shape, vertical=False, count=size[1], end_inclusive=end_inclusive)

    def tap(row: str, row_inside: str, column: str, column_inside: str) -> str:
        pixels = helper.gather(helper.gather(luma, row, axis=1), column, axis=2)
        black = np.array([_BLACK_LUMA], np.uint8)
        if chroma is not None:
            half_row, half_column = (helper.add("Div", index, helper.integers(2, "two")) for index in (row, column))
            differences = helper.gather(helper.gather(chroma, half_row, axis=1), half_column, axis=2)
            pixels = graph.prepend("Concat", [pixels, differences], axis=3)
            black = np.array([_BLACK_LUMA, _NEUTRAL_CHROMA, _NEUTRAL_CHROMA], np.uint8)
        inside = helper.add(
            "And", helper.reshape(row_inside, [1, -1, 1, 1]), helper.reshape(column_inside, [1, 1, -1, 1])
        )
        filled = helper.add("Where", inside, pixels, graph.add_constant(black.reshape(1, 1, 1, -1), "black"))
        return graph.prepend("Cast", [filled], to=TensorProto.FLOAT)

    def blend(low: str, high: str, weight: str) -> str:
        return helper.add("Add", low, helper.add("Mul", helper.add("Sub", high, low), weight))

    column_weight = helper.reshape(columns.weight, [1, 1, -1, 1])
    upper, lower = (
        blend(
            tap(row, inside, columns.low, columns.low_inside),
            tap(row, inside, columns.high, columns.high_inside),
            column_weight,
        )
        for row, inside in ((rows.low, rows.low_inside), (rows.high, rows.high_inside))
    )
    return blend(upper, lower, helper.reshape(rows.weight, [1, -1, 1, 1]))


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
    return _Axis(low, high, weight, low_inside, high_inside)


class _Nodes:
    """Short forms for the nodes above."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._constants: dict[str, str] = {}

    def add(self, operator: str, *inputs: str) -> str:
        return self.graph.prepend(operator, list(inputs))

    def gather(self, data: str, indices: str, *, axis: int) -> str:
        return self.graph.prepend("Gather", [data, indices], axis=axis)

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
