"""What every runtime keeps for its measurements; all else is imported when something is measured."""

from __future__ import annotations

import _thread  # threading takes long to import
from collections.abc import Callable


class ProfileSlot:
    """What a runtime keeps for its profiles.

    Attributes:
        times_operators: The runtime was loaded with ``profile_operators=True``.
        files: Returns the files of its models, which no trace overwrites.
        recording: The profile that is being recorded.
    """

    def __init__(self, times_operators: bool, files: Callable[[], list[str]] = list) -> None:
        self.times_operators = times_operators
        self.files = files
        self.recording: object | None = None


class DropCounts:
    """What the queues of a runtime have dropped, by model and reason. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, model: str, reason: str) -> None:
        """Counts one drop."""
        with self._lock:
            of_model = self._counts.setdefault(model, {})
            of_model[reason] = of_model.get(reason, 0) + 1

    def of(self, model: str) -> dict[str, int]:
        """The counts of a model by reason."""
        with self._lock:
            return dict(self._counts.get(model, {}))
