"""Latencies as the commands show them."""

from __future__ import annotations

from collections.abc import Sequence

from hbm_runtime import Durations
from hbm_runtime._observing.measuring import Run


def latency_of(runs: Sequence[Run]) -> dict[str, float]:
    """Returns the latencies of some runs in milliseconds, as ``perf --json`` has them."""
    figures = Durations.of([run.seconds for run in runs])
    seconds = {
        "mean": figures.mean,
        "std": figures.std,
        "min": figures.min,
        "max": figures.max,
        "p50": figures.p50,
        "p90": figures.p90,
        "p95": figures.p95,
        "p99": figures.p99,
        "p99.9": figures.p999,
    }
    return {name: value * 1e3 for name, value in seconds.items()}
