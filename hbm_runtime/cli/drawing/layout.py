"""Places for the nodes of a graph: in layers from top to bottom, each below everything that it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_GAP_X = 24.0
_GAP_Y = 46.0
_LANE = 6.0
_SWEEPS = 6


@dataclass(frozen=True)
class Size:
    """Width and height of a node."""

    width: float
    height: float


@dataclass(frozen=True)
class Place:
    """The upper left corner of a node."""

    x: float
    y: float


Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """A graph on paper.

    Attributes:
        places: Of the nodes.
        routes: For each edge, the points that it passes between its ends: beside the nodes of the layers that it
            crosses.
    """

    places: list[Place]
    routes: list[list[Point]]


def lay_out(sizes: Sequence[Size], edges: Sequence[tuple[int, int]], last: Sequence[int] = ()) -> Layout:
    """Finds a place for every node and a way for every edge.

    Args:
        sizes: Of the nodes.
        edges: Pairs (from, to) of a graph without cycles, in which every node comes after those that it depends on.
        last: Nodes that stand in the lowest layer.
    """
    depth = _depths(len(sizes), edges, last)
    all_sizes = list(sizes)
    steps: list[tuple[int, int]] = []
    lanes: list[list[int]] = []
    for source, target in edges:
        # In each layer that an edge crosses, a lane keeps room for it.
        crossed = range(depth[source] + 1, depth[target])
        lane = list(range(len(all_sizes), len(all_sizes) + len(crossed)))
        all_sizes += [Size(_LANE, 0.0)] * len(crossed)
        depth += crossed
        steps += pairwise([source, *lane, target])
        lanes.append(lane)
    layers: list[list[int]] = [[] for _ in range(max(depth, default=0) + 1)]
    for node, level in enumerate(depth):
        layers[level].append(node)
    centres = _centres(layers, all_sizes, steps)
    left = min((centre - size.width / 2 for centre, size in zip(centres, all_sizes, strict=True)), default=0.0)
    tops, heights = [], []
    y = 0.0
    for layer in layers:
        tops.append(y)
        heights.append(max((all_sizes[node].height for node in layer), default=0.0))
        y += heights[-1] + _GAP_Y
    return Layout(
        [Place(centres[node] - size.width / 2 - left, tops[depth[node]]) for node, size in enumerate(sizes)],
        [
            [
                (centres[node] - left, y)
                for node in lane
                for y in (tops[depth[node]], tops[depth[node]] + heights[depth[node]])
            ]
            for lane in lanes
        ],
    )


def _centres(layers: Sequence[list[int]], sizes: Sequence[Size], edges: Sequence[tuple[int, int]]) -> list[float]:
    """Where the middle of each node lies: near the middle of its neighbours, beside the others of its layer."""
    before: list[list[int]] = [[] for _ in sizes]
    after: list[list[int]] = [[] for _ in sizes]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    centres = [0.0] * len(sizes)
    for layer in layers:
        _spread(layer, sizes, centres)
    for sweep in range(_SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            for node in layer:
                if neighbours[node]:
                    centres[node] = sum(centres[other] for other in neighbours[node]) / len(neighbours[node])
            _spread(layer, sizes, centres)
    return centres


def _depths(count: int, edges: Sequence[tuple[int, int]], last: Sequence[int]) -> list[int]:
    """The layer of each node."""
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        before[target].append(source)
    depth = [0] * count
    for node in range(count):
        # Only what is already placed counts, so that even an odd order of nodes ends.
        depth[node] = max((depth[source] + 1 for source in before[node] if source < node), default=0)
    lowest = max(depth, default=0)
    for node in last:
        depth[node] = lowest
    return depth


def _spread(layer: list[int], sizes: Sequence[Size], centres: list[float]) -> None:
    """Orders a layer by the wanted centres and moves nodes apart until none overlap, around the same middle."""
    layer.sort(key=lambda node: centres[node])
    if not layer:
        return
    wanted = [centres[node] for node in layer]
    for left, right in pairwise(layer):
        least = centres[left] + (sizes[left].width + sizes[right].width) / 2 + _GAP_X
        centres[right] = max(centres[right], least)
    shift = sum(wanted) / len(layer) - sum(centres[node] for node in layer) / len(layer)
    for node in layer:
        centres[node] += shift
