"""Memory runs out at any allocation: a typed error, everything is given back, and the next call is right.

Each kind of call is repeated in a process of its own while its allocations fail one after the other (`walk.py`).
`HBM_EXHAUSTION_STEP=5` tries every fifth of them only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from exhaustion.scenarios import SCENARIOS
from support.build_tools import run

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

pytestmark = pytest.mark.no_sanitizer

HERE = Path(__file__).parent
STEP = os.environ.get("HBM_EXHAUSTION_STEP", "1")


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that lets allocations fail."""
    library = tmp_path_factory.mktemp("shim") / "libfailing_allocations.so"
    run(os.environ.get("CXX", "c++"), "-std=c++17", "-O1", "-shared", "-fPIC", "-fvisibility=hidden",
        HERE / "failing_allocations.cpp", "-o", library, "-ldl")  # fmt: skip
    return library


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_allocation_may_fail(name: str, shim: Path, models: ModelFactory, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    done = subprocess.run(
        [sys.executable, HERE / "walk.py", shim, name, "1", STEP, models.scaled(2), models.scaled(3), progress],
        env={**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    at = progress.read_text(encoding="utf-8") if progress.exists() else "the beginning"
    assert done.returncode == 0, f"ended at allocation {at} with {done.returncode}\n{done.stderr[-3000:]}"
    reports: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert reports[-1].get("tried", 0) > 0, "no allocation was tried"
    assert reports[:-1] == []
