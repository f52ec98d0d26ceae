"""Pictures of a measurement, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hbm_runtime._observing.measuring import Run
from hbm_runtime.cli.errors import CommandError, MissingPackageError, UsageError
from hbm_runtime.cli.latency import latency_of
from hbm_runtime.cli.writing import output_file

_DOTS_PER_INCH = 110
_MAX_BINS = 80
_REACH = 6
"""How many interquartile ranges above the third quartile still belong to the body of a histogram."""


def demand_matplotlib(path: Path) -> None:
    """Finds out before the measurement whether its picture can be drawn.

    Raises:
        MissingPackageError: matplotlib is not installed.
        UsageError: The file's name will not do.
        CommandError: Its folder will not do.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 (matplotlib is in an extra)
    except ImportError as error:
        raise MissingPackageError("--plot", "matplotlib") from error
    kinds = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in kinds:
        raise UsageError(f"--plot {path}: the name must end in one of .{', .'.join(sorted(kinds))}")
    if not path.parent.is_dir():
        raise CommandError(f"--plot {path}: there is no folder {path.parent}")


def body_end(values: NDArray[np.float64]) -> float:
    """Where the histogram ends: a few far outliers would squeeze all other frames into one bar."""
    low, high = (float(value) for value in np.percentile(values, (25, 75)))
    return min(high + _REACH * max(high - low, 0.02 * high), float(values.max()))


def plot_frames(frames: Sequence[Run], path: Path, title: str, inputs: Sequence[str] = ()) -> None:
    """Draws a histogram of the latencies and when each frame took how long, by thread."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (matplotlib is in an extra)

    latency = latency_of(frames)
    values = np.array([frame.seconds * 1e3 for frame in frames])
    figure = Figure(figsize=(10, 7), dpi=_DOTS_PER_INCH, layout="constrained")
    figure.suptitle(f"{title}: {len(frames)} frames")
    histogram, timeline = figure.subplots(2, 1)

    end = body_end(values)
    outliers = int((values > end).sum())
    bins = min(_MAX_BINS, max(10, len(values) // 5))
    histogram.hist(values, bins=bins, range=(float(values.min()), end), color="#4878a8")
    if outliers:
        text = f"{outliers} of {len(values)} frames above {end:.3f} ms, up to {latency['max']:.3f} ms"
        histogram.annotate(text, (0.98, 0.6), xycoords="axes fraction", ha="right")
    for name, value, color in (
        ("p50", latency["p50"], "#2a9d5c"),
        ("p99", latency["p99"], "#d1495b"),
    ):
        label = f"{name} {value:.3f} ms"
        if value <= end:
            histogram.axvline(value, color=color, linestyle="--", label=label)
        else:
            histogram.plot([], [], color=color, linestyle="--", label=label)
    histogram.set_xlabel("latency (ms)")
    histogram.set_ylabel("frames")
    histogram.legend()

    start = min(frame.begin for frame in frames)
    for thread in sorted({frame.thread for frame in frames}):
        own = [frame for frame in frames if frame.thread == thread]
        timeline.plot(
            [(frame.begin - start) / 1e6 for frame in own],
            [frame.seconds * 1e3 for frame in own],
            marker=".",
            markersize=3,
            linewidth=0.6,
            label=f"thread {thread}",
        )
    timeline.set_xlabel("begin of the frame (ms)")
    timeline.set_ylabel("latency (ms)")
    timeline.set_ylim(bottom=0)
    if len({frame.thread for frame in frames}) > 1:
        timeline.legend(ncols=4, fontsize="small")
    with output_file(path, inputs) as file:
        figure.savefig(file, format=path.suffix.lstrip(".").lower())
