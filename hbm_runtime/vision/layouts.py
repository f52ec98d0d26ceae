"""Recognises by shapes alone how a YOLO model's outputs are arranged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._errors import InputError
from .candidates import Grid

STRIDES = (8, 16, 32, 64, 4)
_PROTOTYPES = 32
_DISTANCES = 4 * 16
_SHARE = 4
"""Maps of prototypes have a fourth of the input's width and height."""

Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Head:
    """The outputs of one scale, by name.

    Attributes:
        grid: Its places.
        channels: The dimension of the channels, 3 for NHWC and 1 for NCHW.
        names: YOLOv5 has one output; YOLOv8 has scores, distances, and perhaps coefficients or key points.
        extra: Channels of the third output, or of the masks at the end of YOLOv5's.
    """

    grid: Grid
    channels: int
    names: tuple[str, ...]
    extra: int


@dataclass(frozen=True)
class Table:
    """The only output of an exported ONNX model.

    Attributes:
        name: Its name.
        channels: The dimension of the channels, 1 or 2.
        objectness: True for YOLOv5.
    """

    name: str
    channels: int
    objectness: bool


@dataclass(frozen=True)
class Layout:
    """The layout of the outputs.

    Attributes:
        heads: One for each scale, or empty where there is a table.
        table: None where there are heads.
        prototypes: Name of the output with prototypes of masks, and the dimension of its channels.
    """

    heads: tuple[Head, ...]
    table: Table | None
    prototypes: tuple[str, int] | None


def recognise(shapes: Shapes, size: tuple[int, int], anchors: int, distances_first: bool | None = None) -> Layout:
    """Returns the layout of the outputs.

    Args:
        shapes: The outputs' shapes for one picture, in the model's order.
        size: (width, height) of the model's input.
        anchors: How many anchors a scale of YOLOv5 has.
        distances_first: True if distances come before scores, where there are as many of both.

    Raises:
        InputError: The shapes are those of no model that is known here.
    """
    prototypes = _prototypes(shapes, size)
    others = {name: shape for name, shape in shapes.items() if prototypes is None or name != prototypes[0]}
    tables = [name for name, shape in others.items() if len(shape) == 3 and shape[0] == 1]
    if len(tables) == 1 == len(others):
        return Layout((), _table(tables[0], others[tables[0]], size, anchors), prototypes)
    heads = _heads(others, size, _PROTOTYPES if prototypes else 0, distances_first)
    if not heads:
        raise _unknown(shapes, size)
    return Layout(heads, None, prototypes)


def _prototypes(shapes: Shapes, size: tuple[int, int]) -> tuple[str, int] | None:
    wanted = (size[1] // _SHARE, size[0] // _SHARE)
    for name, shape in shapes.items():
        if len(shape) == 4 and len(shapes) > 1:
            if shape[3] == _PROTOTYPES and tuple(shape[1:3]) == wanted:
                return name, 3
            if shape[1] == _PROTOTYPES and tuple(shape[2:]) == wanted:
                return name, 1
    return None


def _table(name: str, shape: Sequence[int], size: tuple[int, int], anchors: int) -> Table:
    places = sum((size[0] // stride) * (size[1] // stride) for stride in STRIDES[:3])
    if shape[1] == places * anchors:
        return Table(name, 2, objectness=True)
    if shape[2] == places:
        return Table(name, 1, objectness=False)
    if shape[1] == places:
        return Table(name, 2, objectness=False)
    raise _unknown({name: shape}, size)


def _heads(shapes: Shapes, size: tuple[int, int], masks: int, distances_first: bool | None) -> tuple[Head, ...]:
    scales: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
    for name, shape in shapes.items():
        place = _place(shape, size)
        if place is None:
            return ()
        places, channels = place
        scales.setdefault(places, []).append((name, channels, shape[channels]))
    heads = []
    for (width, height), outputs in sorted(scales.items(), reverse=True):
        grid = Grid((width, height), (size[0] / width, size[1] / height))
        if len({channels for _, channels, _ in outputs}) != 1 or len(outputs) > 3:
            return ()
        ordered = _ordered(outputs, distances_first)
        extra = ordered[2][2] if len(ordered) == 3 else masks if len(ordered) == 1 else 0
        heads.append(Head(grid, outputs[0][1], tuple(name for name, _, _ in ordered), extra))
    return tuple(heads) if len({len(head.names) for head in heads}) == 1 else ()


def _place(shape: Sequence[int], size: tuple[int, int]) -> tuple[tuple[int, int], int] | None:
    """Width and height in places, and the dimension of the channels."""
    if len(shape) == 4 and shape[0] == 1:
        for stride in STRIDES:
            height, width = size[1] // stride, size[0] // stride
            if (shape[1], shape[2]) == (height, width):
                return (width, height), 3
            if (shape[2], shape[3]) == (height, width):
                return (width, height), 1
    return None


def _ordered(outputs: list[tuple[str, int, int]], distances_first: bool | None) -> list[tuple[str, int, int]]:
    """Scores, distances, extra. Models give them in this order, or first the distances, which have 64 channels."""
    if len(outputs) == 1:
        return outputs
    first, second, *extra = outputs
    if first[2] == second[2] == _DISTANCES and distances_first is None:
        raise InputError(
            f"outputs '{first[0]}' and '{second[0]}' have {_DISTANCES} channels both, so one cannot tell the scores of "
            f"{_DISTANCES} classes from the distances; pass distances_first=True or False",
            tensor=first[0],
        )
    if first[2] == _DISTANCES and (second[2] != _DISTANCES or distances_first):
        return [second, first, *extra]
    return outputs


def _unknown(shapes: Shapes, size: tuple[int, int]) -> InputError:
    listed = ", ".join(f"'{name}' {list(shape)}" for name, shape in shapes.items())
    return InputError(
        f"outputs {listed} are those of no YOLO model that is known here for pictures of {size[0]} x {size[1]}: "
        "expected are heads (1, H, W, C) or (1, C, H, W) of YOLOv5 (one for each scale) or YOLOv8 (scores and 4 * 16 "
        "distances for each scale), or one table (1, C, N) or (1, N, C)"
    )
