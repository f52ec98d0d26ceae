"""Runs programs quietly: what they print matters only when they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Returns what the program printed.

    Raises:
        subprocess.CalledProcessError: It failed; its output has both streams.
    """
    result = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,
    )
    if result.returncode != 0:
        raise subprocess.CalledProcessError(result.returncode, command, output=result.stdout)
    return result.stdout
