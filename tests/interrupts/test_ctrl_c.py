"""Ctrl-C after any line of the package's Python: what was called has happened or has not, and later calls are right.

Each kind of call is repeated in a process of its own while it is interrupted one line later every time (`walk.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from interrupts.scenarios import INTERRUPTED
from support.walks import check_walk

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

KINDS = (*INTERRUPTED, "run_async", "bound_run", "reload", "time_out")


@pytest.mark.parametrize("name", KINDS)
def test_every_line_may_be_interrupted(name: str, models: ModelFactory, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    words = (name, "1", models.scaled(2), models.scaled(3), progress)
    check_walk("interrupts", *words, point="line", progress=progress, seconds=100)
