"""Places for the nodes of a graph: in layers from top to bottom, each below everything that it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_GAP_X = 24.0
_GAP_Y = 46.0
_SWEEPS = 4


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


def place_nodes(sizes: Sequence[Size], edges: Sequence[tuple[int, int]], last: Sequence[int] = ()) -> list[Place]:
    """Finds a place for every node.

    Args:
        sizes: Of the nodes.
        edges: Pairs (from, to) of a graph without cycles, in which every node comes after those that it depends on.
        last: Nodes that stand in the lowest layer.
    """
    before: list[list[int]] = [[] for _ in sizes]
    after: list[list[int]] = [[] for _ in sizes]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    layers = _layers(len(sizes), before, last)
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
    left = min((centres[node] - size.width / 2 for node, size in enumerate(sizes)), default=0.0)
    tops: list[float] = []
    y = 0.0
    for layer in layers:
        tops.append(y)
        y += max((sizes[node].height for node in layer), default=0.0) + _GAP_Y
    level = {node: depth for depth, layer in enumerate(layers) for node in layer}
    return [Place(centres[node] - size.width / 2 - left, tops[level[node]]) for node, size in enumerate(sizes)]


def _layers(count: int, before: Sequence[Sequence[int]], last: Sequence[int]) -> list[list[int]]:
    depth = [0] * count
    for node in range(count):
        # Only what is already placed counts, so that even an odd order of nodes ends.
        depth[node] = max((depth[source] + 1 for source in before[node] if source < node), default=0)
    lowest = max([depth[node] for node in range(count)], default=0)
    for node in last:
        depth[node] = lowest
    layers: list[list[int]] = [[] for _ in range(lowest + 1)]
    for node in range(count):
        layers[depth[node]].append(node)
    return layers


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
