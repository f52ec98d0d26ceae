"""Counts of a model's requests, as the protocol's statistics extension words them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

_KINDS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")


@dataclass(slots=True)
class Timing:
    """Where the time of one request went, in nanoseconds."""

    total: int
    queue: int
    copy_in: int
    run: int
    copy_out: int


@dataclass
class ModelStatistics:
    """Counts of one model's requests since it was loaded. Safe to use from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _durations: dict[str, list[int]] = field(default_factory=lambda: {kind: [0, 0] for kind in _KINDS})
    _failures: dict[str, int] = field(default_factory=dict)
    _last_inference_ms: int = 0

    def succeeded(self, timing: Timing) -> None:
        """Counts a request that was answered."""
        with self._lock:
            self._last_inference_ms = int(time.time() * 1000)
            for kind, spent in (
                ("success", timing.total),
                ("queue", timing.queue),
                ("compute_input", timing.copy_in),
                ("compute_infer", timing.run),
                ("compute_output", timing.copy_out),
            ):
                of_kind = self._durations[kind]
                of_kind[0] += 1
                of_kind[1] += spent

    def failed(self, reason: str, nanoseconds: int) -> None:
        """Counts a request that failed; the reason is the name of gRPC's status code."""
        with self._lock:
            of_kind = self._durations["fail"]
            of_kind[0] += 1
            of_kind[1] += nanoseconds
            self._failures[reason] = self._failures.get(reason, 0) + 1

    def failures(self) -> dict[str, int]:
        """Returns the number of failed requests by reason."""
        with self._lock:
            return dict(self._failures)

    def document(self, name: str, version: str) -> dict[str, Any]:
        """Returns one entry of ``model_stats``."""
        with self._lock:
            stats = {kind: {"count": count, "ns": spent} for kind, (count, spent) in self._durations.items()}
            count = self._durations["success"][0]
            parts = ("compute_input", "compute_infer", "compute_output")
            batch = {"batch_size": 1, **{kind: dict(stats[kind]) for kind in parts}}
            return {
                "name": name,
                "version": version,
                "last_inference": self._last_inference_ms,
                "inference_count": count,
                "execution_count": count,
                "inference_stats": stats,
                "batch_stats": [batch] if count else [],
            }
