"""Graphs as SVG."""

from __future__ import annotations

from itertools import pairwise
from xml.sax.saxutils import escape

from hbm_runtime.cli.drawing.layout import Place, Point, Size, lay_out
from hbm_runtime.cli.drawing.model_graph import Kind, ModelGraph, Node

_LETTER = 7.2
_LINE = 16.0
_PADDING = 10.0
_MARGIN = 20.0
_TITLE = 34.0
_LEAST_WIDTH = 70.0
_STRAIGHT = 0.1
_HEAD_STYLE = ' font-weight="bold"'

_FILLS = {Kind.INPUT: "#d8ecd8", Kind.OUTPUT: "#f7dcd2", Kind.OPERATION: "#e3e9f3", Kind.SUMMARY: "#e3e9f3"}
_STROKES = {Kind.INPUT: "#4c8c4c", Kind.OUTPUT: "#b5603d", Kind.OPERATION: "#5a739c", Kind.SUMMARY: "#5a739c"}


def draw_svg(graph: ModelGraph) -> str:
    """Draws a graph; returns the text of an SVG file."""
    sizes = [_size(node) for node in graph.nodes]
    outputs = [index for index, node in enumerate(graph.nodes) if node.kind is Kind.OUTPUT]
    layout = lay_out(sizes, graph.edges, outputs)
    places = [Place(place.x + _MARGIN, place.y + _TITLE) for place in layout.places]
    routes = [[(x + _MARGIN, y + _TITLE) for x, y in route] for route in layout.routes]
    ends = [(place.x + size.width, place.y + size.height) for place, size in zip(places, sizes, strict=True)]
    rightmost = [x for x, _ in ends] + [x for route in routes for x, _ in route]
    width = max([*rightmost, len(graph.name) * _LETTER * 1.3 + _MARGIN]) + _MARGIN
    height = max([y for _, y in ends] + [_TITLE]) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="DejaVu Sans Mono, monospace" font-size="12">',
        f"<title>{_text(graph.name)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#777"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
        f'<text x="{_MARGIN:.0f}" y="22" font-size="15" font-weight="bold">{_text(graph.name)}</text>',
        *(
            _edge([_below(places[source], sizes[source]), *route, _above(places[target], sizes[target])])
            for (source, target), route in zip(graph.edges, routes, strict=True)
        ),
        *(_box(node, place, size) for node, place, size in zip(graph.nodes, places, sizes, strict=True)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _size(node: Node) -> Size:
    widest = max(len(line) for line in node.lines)
    return Size(max(widest * _LETTER + 2 * _PADDING, _LEAST_WIDTH), len(node.lines) * _LINE + _PADDING)


def _box(node: Node, place: Place, size: Size) -> str:
    corner = 4 if node.kind in {Kind.OPERATION, Kind.SUMMARY} else size.height / 2
    middle = place.x + size.width / 2
    lines = "".join(
        f'<text x="{middle:.1f}" y="{place.y + _PADDING / 2 + 12 + index * _LINE:.1f}" text-anchor="middle"'
        f"{_HEAD_STYLE if index == 0 else ''}>{_text(line)}</text>"
        for index, line in enumerate(node.lines)
    )
    return (
        f'<g class="{node.kind.value}"><title>{_text(node.title)}</title>'
        f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{size.width:.1f}" height="{size.height:.1f}" '
        f'rx="{corner:.1f}" fill="{_FILLS[node.kind]}" stroke="{_STROKES[node.kind]}"/>{lines}</g>'
    )


def _below(place: Place, size: Size) -> Point:
    return place.x + size.width / 2, place.y + size.height


def _above(place: Place, size: Size) -> Point:
    return place.x + size.width / 2, place.y


def _edge(points: list[Point]) -> str:
    """A curve that leaves and reaches every point upright."""
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = max((y2 - y1) / 2, 12)
        curve = f"C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} " if abs(x1 - x2) > _STRAIGHT else "L"
        path += f" {curve}{x2:.1f},{y2:.1f}"
    return f'<path d="{path}" fill="none" stroke="#777" marker-end="url(#arrow)"/>'


def _text(text: str) -> str:
    # Characters that XML does not have at all would make the file unreadable.
    return escape("".join(letter if letter.isprintable() else "?" for letter in text), {'"': "&quot;"})
