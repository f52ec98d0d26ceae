"""Statistics of durations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    """

    count: int
    total: float
    min: float
    mean: float
    p50: float
    p90: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Durations":
        """Summarises durations."""
        return Durations(*_figures(seconds))


@dataclass(frozen=True)
class ModelDurations(Durations):
    """Where the time of one model's requests goes: statistics of whole requests, and of their parts.

    ``durations["DeviceExecute"]`` is short for ``durations.phases["DeviceExecute"]``.

    Attributes:
        phases: By phase: ModelExecute (the whole), CopyIn, Queue, Launch, DeviceExecute, CopyOut, Wait; one duration
            for each request.
        layers: By operation, one duration for each time that it ran; with ``profile(operators=True)``.
        copies: By tensor, one duration for each copy.
    """

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
        parts = ({name: Durations.of(each) for name, each in part.items()} for part in (phases, layers, copies))
        return ModelDurations(*_figures(phases.get("ModelExecute", ())), *parts)

    def __getitem__(self, phase: str) -> "Durations":
        return self.phases[phase]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.phases)


def _figures(seconds: Sequence[float]) -> tuple[int, float, float, float, float, float, float, float]:
    if not len(seconds):
        return (0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    values = np.asarray(seconds, np.float64)
    p50, p90, p99 = (float(value) for value in np.percentile(values, [50, 90, 99]))
    return (
        len(values), float(values.sum()), float(values.min()), float(values.mean()), p50, p90, p99, float(values.max()),
    )  # fmt: skip
