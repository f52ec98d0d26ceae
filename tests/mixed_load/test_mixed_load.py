"""A short mixed load while the driver fails: what `./build.sh load` does for an hour."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_sanitizer


def test_a_mixed_load_with_faults_leaves_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixed_load", "--minutes=0.1", "--round=2"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert " 0 findings" in done.stdout
