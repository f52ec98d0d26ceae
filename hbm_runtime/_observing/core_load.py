"""How busy the BPU cores were meanwhile, where the driver reports it."""

from __future__ import annotations

import time
from collections.abc import Callable

from .. import _core
from .._errors import UnsupportedError


class CoreLoad:
    """Counts from its beginning to its end, on bpusim only.

    Args:
        loads: Returns the counters of the cores, or None; by default those of this process's driver.
    """

    def __init__(self, loads: Callable[[], list[dict[str, int]] | None] | None = None) -> None:
        self._loads = loads or _loads
        self._begin = self._loads()
        self._at = time.perf_counter_ns()

    def end(self) -> list[dict[str, float]] | None:
        """Returns load (0 to 1), busy milliseconds and tasks of each core; None where the driver reports none."""
        end = self._loads()
        elapsed = time.perf_counter_ns() - self._at
        if self._begin is None or end is None:
            return None
        return [
            {
                "load": min((after["busy_ns"] - before["busy_ns"]) / elapsed, 1.0),
                "busy_ms": (after["busy_ns"] - before["busy_ns"]) / 1e6,
                "tasks": after["finished_tasks"] - before["finished_tasks"],
            }
            for before, after in zip(self._begin, end, strict=True)
        ]


def _loads() -> list[dict[str, int]] | None:
    try:
        return _core.core_loads()
    except UnsupportedError:
        return None
