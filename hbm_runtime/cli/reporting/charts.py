"""Charts as SVG that stands inside a page: it takes the page's colours and width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.cli.plot import body_end

_WIDTH, _HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 10, 20, 44
_MAX_BINS = 80
_TICKS = 5


def histogram(values: NDArray[np.float64], marks: dict[str, float]) -> str:
    """Frames by latency, with a line for each mark that is within the chart.

    Args:
        values: Milliseconds.
        marks: Milliseconds by name.
    """
    end = body_end(values)
    low = float(values.min())
    if end <= low:
        end = low + max(abs(low) * 0.01, 1e-6)
    counts, edges = np.histogram(values, bins=min(_MAX_BINS, max(10, len(values) // 5)), range=(low, end))
    axes = _Axes(low, end, 0, float(-(-counts.max() // _TICKS) * _TICKS))  # no ticks between whole frames
    bars = [
        f'<rect class="bar" x="{axes.x(left):.2f}" y="{axes.y(count):.2f}" '
        f'width="{max(axes.x(right) - axes.x(left) - 0.5, 0.5):.2f}" height="{axes.y(0) - axes.y(count):.2f}">'
        f"<title>{count} frames from {left:.3f} to {right:.3f} ms</title></rect>"
        for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    lines = [
        f'<line class="mark" x1="{axes.x(value):.1f}" x2="{axes.x(value):.1f}" y1="{_TOP}" y2="{axes.y(0):.1f}"/>'
        f'<text class="label" x="{axes.x(value) + (3 if value < (low + end) / 2 else -3):.1f}" '
        f'y="{_TOP + 10 + 20 * row}" text-anchor="{"start" if value < (low + end) / 2 else "end"}">{name}</text>'
        for row, (name, value) in enumerate(marks.items())
        if low <= value <= end
    ]
    return axes.chart("Histogram of the latencies", [*bars, *lines], "latency in ms", "frames")


def timeline(times: Sequence[float], series: Sequence[Sequence[float]], names: Sequence[str], unit: str) -> str:
    """Lines over the time in seconds, from 0 to the largest value or to 100 %.

    Args:
        times: Seconds.
        series: Values of each line.
        names: Names of the lines.
        unit: What the values are.
    """
    most = 1.0 if unit == "load" else max((max(values, default=0.0) for values in series), default=1.0)
    axes = _Axes(0.0, max(times, default=1.0) or 1.0, 0.0, most or 1.0)
    drawn = []
    for number, (values, name) in enumerate(zip(series, names, strict=True)):
        points = " ".join(f"{axes.x(at):.1f},{axes.y(value):.1f}" for at, value in zip(times, values, strict=True))
        drawn.append(f'<polyline class="line l{number % 6}" points="{points}"><title>{name}</title></polyline>')
        drawn.append(
            f'<text class="label t{number % 6}" x="{_WIDTH - _RIGHT - 4}" y="{_TOP + 12}" '
            f'dy="{1.3 * number:.1f}em" text-anchor="end">{name}</text>'
        )
    return axes.chart(f"{unit} over time", drawn, "time in s", unit)


class _Axes:
    """Places of values in a chart, with a grid."""

    def __init__(self, left: float, right: float, bottom: float, top: float) -> None:
        self._left, self._right, self._bottom, self._top = left, right, bottom, top

    def x(self, value: float) -> float:
        return _LEFT + (value - self._left) / (self._right - self._left) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - self._bottom) / (self._top - self._bottom) * (_HEIGHT - _TOP - _BOTTOM)

    def chart(self, title: str, content: Sequence[str], across: str, up: str) -> str:
        grid = []
        for step in range(_TICKS + 1):
            value = self._bottom + (self._top - self._bottom) * step / _TICKS
            grid.append(
                f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{self.y(value):.1f}" '
                f'y2="{self.y(value):.1f}"/><text class="tick" x="{_LEFT - 5}" y="{self.y(value) + 4:.1f}" '
                f'text-anchor="end">{value:.3g}</text>'
            )
            value = self._left + (self._right - self._left) * step / _TICKS
            anchor = "end" if step == _TICKS else "middle"
            grid.append(
                f'<text class="tick" x="{self.x(value):.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
                f'text-anchor="{anchor}">{value:.3g}</text>'
            )
        return (
            f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
            + "".join([*grid, *content])
            + f'<text class="tick" x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{across}</text>'
            + f'<text class="tick" x="{_LEFT}" y="{_TOP - 3}">{up}</text></svg>'
        )
