"""Ctrl-C after any line of the package's Python: what was called has happened or has not, and later calls are right.

Each kind of call is repeated in a process of its own while it is interrupted one line later every time (`walk.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from interrupts.scenarios import INTERRUPTED

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

pytestmark = pytest.mark.no_sanitizer

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", [*INTERRUPTED, "run_async", "bound_run", "reload", "time_out"])
def test_every_line_may_be_interrupted(name: str, models: ModelFactory, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    done = subprocess.run(
        [sys.executable, HERE / "walk.py", name, "1", models.scaled(2), models.scaled(3), progress],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    at = progress.read_text(encoding="utf-8") if progress.exists() else "the beginning"
    assert done.returncode == 0, f"ended at line {at} with {done.returncode}\n{done.stderr[-3000:]}"
    reports: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert reports[-1].get("tried", 0) > 0, "no line was tried"
    assert reports[:-1] == []
