"""A bar on stderr for long work: rich's where it is installed, else a line of text."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

_BAR_WIDTH = 30
_REDRAW_SECONDS = 0.1


class Progress:
    """A context manager that shows nothing; the base of those that do."""

    @staticmethod
    def shown(title: str, *, visible: bool, colored: bool) -> Progress:
        """Returns the bar that fits."""
        if not visible:
            return Progress()
        try:
            return RichProgress(title, colored)
        except ImportError:
            return TextProgress(title)

    def update(self, done: float, stage: str = "") -> None:
        """Shows which part of the work, 0 to 1, is done, and what is being done."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Removes the bar."""


class TextProgress(Progress):
    """One line that is written over and over."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last = 0.0
        self._length = 0

    def update(self, done: float, stage: str = "") -> None:
        """Draws at most ten times a second."""
        now = time.monotonic()
        if now - self._last < _REDRAW_SECONDS:
            return
        self._last = now
        filled = int(min(max(done, 0.0), 1.0) * _BAR_WIDTH)
        line = f"{self._title} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done:4.0%} {stage}".rstrip()
        sys.stderr.write("\r" + line.ljust(self._length))
        sys.stderr.flush()
        self._length = len(line)

    def __exit__(self, *_: object) -> None:
        if self._length:
            sys.stderr.write("\r" + " " * self._length + "\r")
            sys.stderr.flush()


class RichProgress(Progress):
    """The bar of rich."""

    def __init__(self, title: str, colored: bool) -> None:
        from rich.console import Console  # noqa: PLC0415 (rich is in an extra)
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415

        self._bar: Any = Bar(
            TextColumn("{task.description}"),
            BarColumn(_BAR_WIDTH),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[stage]}", markup=False),
            console=Console(stderr=True, no_color=not colored),
            transient=True,
        )
        self._task = self._bar.add_task(title, total=1.0, stage="")

    def update(self, done: float, stage: str = "") -> None:
        """Redraws by itself."""
        self._bar.update(self._task, completed=done, stage=stage)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
