"""Figures of a series of measured frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


@dataclass(frozen=True)
class Frame:
    """One inference: when it began and ended, in nanoseconds of one clock, and on which thread."""

    thread: int
    begin: int
    end: int

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.end - self.begin) / 1e6


@dataclass(frozen=True)
class Latency:
    """Latencies in milliseconds."""

    count: int
    total: float
    mean: float
    std: float
    minimum: float
    maximum: float
    percentiles: dict[float, float]

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Latency:
        """Summarises at least one frame."""
        values = np.array([frame.milliseconds for frame in frames])
        points = np.percentile(values, PERCENTILES)
        return cls(
            count=len(values),
            total=float(values.sum()),
            mean=float(values.mean()),
            std=float(values.std()),
            minimum=float(values.min()),
            maximum=float(values.max()),
            percentiles={percent: float(point) for percent, point in zip(PERCENTILES, points, strict=True)},
        )

    def document(self) -> dict[str, Any]:
        """The figures for JSON; keys of percentiles are p50, p90, and so on."""
        return {
            "mean": self.mean,
            "std": self.std,
            "min": self.minimum,
            "max": self.maximum,
            **{f"p{percent:g}": value for percent, value in self.percentiles.items()},
        }


def wall_milliseconds(frames: Sequence[Frame]) -> float:
    """From the first beginning to the last end."""
    return (max(frame.end for frame in frames) - min(frame.begin for frame in frames)) / 1e6


def frames_per_second(frames: Sequence[Frame]) -> float:
    """Frames over wall time; one thread or many."""
    return len(frames) / max(wall_milliseconds(frames), 1e-6) * 1e3
