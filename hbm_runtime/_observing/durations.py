"""Statistics of durations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Durations:
    """Statistics of durations in seconds.

    Attributes:
        count: How many there were; with none all figures are 0.
        total: Their sum.
        min: The shortest.
        mean: The average.
        p50: The median.
        p90: The 90th percentile.
        p99: The 99th percentile.
        max: The longest.
        p95: The 95th percentile.
        p999: The 99.9th percentile.
        std: The standard deviation.
    """

    __module__ = "hbm_runtime"

    count: int
    total: float
    min: float
    mean: float
    p50: float
    p90: float
    p99: float
    max: float
    p95: float
    p999: float
    std: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Durations":
        """Summarises durations."""
        return Durations(**_figures(seconds))


@dataclass(frozen=True)
class ModelDurations(Durations):
    """Where the time of one model's requests goes: statistics of whole requests, and of their parts.

    ``durations["DeviceExecute"]`` is short for ``durations.phases["DeviceExecute"]``.

    Attributes:
        phases: Durations by phase: ModelExecute (the whole), CopyIn, Queue, Launch, DeviceExecute, CopyOut, Wait; one
            duration for each request.
        layers: Durations by operation, one for each time that it ran; with ``profile(operators=True)``.
        copies: Durations by tensor, one for each copy.
    """

    __module__ = "hbm_runtime"

    phases: Mapping[str, Durations] = field(default_factory=dict)
    layers: Mapping[str, Durations] = field(default_factory=dict)
    copies: Mapping[str, Durations] = field(default_factory=dict)

    @classmethod
    def made_of(
        cls,
        phases: Mapping[str, Sequence[float]],
        layers: Mapping[str, Sequence[float]],
        copies: Mapping[str, Sequence[float]],
    ) -> "ModelDurations":
        """Summarises seconds by phase, layer and tensor."""
        parts: dict[str, Any] = {
            key: {name: Durations.of(each) for name, each in part.items()}
            for key, part in (("phases", phases), ("layers", layers), ("copies", copies))
        }
        return ModelDurations(**_figures(phases.get("ModelExecute", ())), **parts)

    def __getitem__(self, phase: str) -> "Durations":
        return self.phases[phase]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.phases)


def _figures(seconds: Sequence[float]) -> dict[str, Any]:
    values = np.asarray(seconds if len(seconds) else [0.0], np.float64)
    p50, p90, p95, p99, p999 = (float(value) for value in np.percentile(values, [50, 90, 95, 99, 99.9]))
    return {
        "count": len(seconds),
        "total": float(values.sum()),
        "min": float(values.min()),
        "mean": float(values.mean()),
        "p50": p50,
        "p90": p90,
        "p99": p99,
        "max": float(values.max()),
        "p95": p95,
        "p999": p999,
        "std": float(values.std()),
    }
