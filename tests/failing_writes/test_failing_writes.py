"""A write that fails, at any byte: one error, the older file whole, no half one, and no temporary file is left.

Each writer works in a process of its own, whose files may not grow beyond a size (`walk.py`). HBM_WRITE_POINTS=100000
tries every byte of all of them, and not some hundred spread ones.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from failing_writes.writers import WRITERS
from support.walks import check_walk

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

POINTS = os.environ.get("HBM_WRITE_POINTS", "150")


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_may_end_at_any_byte(name: str, models: ModelFactory, tmp_path: Path) -> None:
    check_walk("failing_writes", name, models.scaled(2), tmp_path / "written", POINTS, point="byte")
