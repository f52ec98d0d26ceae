"""Starts a ``walk.py``, which tries a call at one point after the other in a process of its own; judges its reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.child import run_python

TESTS = Path(__file__).resolve().parents[1]


def walk(folder: str, *words: object, seconds: float, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``tests/<folder>/walk.py`` to its end, or to the point at which its process ends."""
    script = TESTS / folder / "walk.py"
    if "LD_PRELOAD" not in environment:
        code = (
            f"import runpy, sys; sys.path.insert(0, {str(TESTS)!r}); runpy.run_path({str(script)!r}, None, '__main__')"
        )
        return run_python(code, *words, cwd=TESTS, environment=environment, timeout=seconds)
    # A sanitizer is preloaded, too, behind what stands in front of its functions.
    preloaded = f"{environment['LD_PRELOAD']} {os.environ.get('LD_PRELOAD', '')}"
    return subprocess.run(
        [sys.executable, str(script), *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(TESTS), **environment, "LD_PRELOAD": preloaded},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def check_walk(
    folder: str, *words: object, point: str, progress: Path | None = None, seconds: float = 280, **environment: str
) -> None:
    """Fails unless the walk tried some points and reported nothing else; ``progress`` is where it writes the point."""
    done = walk(folder, *words, seconds=seconds, **environment)
    at = progress.read_text(encoding="utf-8") if progress is not None and progress.exists() else "one that is not known"
    assert done.returncode == 0, f"ended at {point} {at} with {done.returncode}\n{done.stderr[-3000:]}"
    reports: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert reports[-1].get("tried", 0) > 0, f"no {point} was tried"
    assert reports[:-1] == [], reports[:-1]
