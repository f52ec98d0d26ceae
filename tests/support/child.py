"""Scripts that run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support import prepared

#: Names the board that a run of the tests imitates, for `BPUSIM_SOC`.
SOC_UNDER_TEST = "HBM_TEST_SOC"


def run_python(
    script: str,
    *arguments: object,
    cwd: Path,
    environment: Mapping[str, str | None] | None = None,
    timeout: float = 60.0,
    fresh: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs ``script`` with this interpreter; it must end within ``timeout`` seconds.

    Args:
        script: Python source.
        arguments: ``sys.argv[1:]`` of the script.
        cwd: Where it runs; first on its import path.
        environment: Changes to this process's environment; None removes a variable.
        timeout: Bound against hangs, seconds.
        fresh: It imports numpy and the package itself, because that is what the test is about, or how it ends.
    """
    variables = dict(os.environ)
    for name, value in (environment or {}).items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    words = [*map(str, arguments)]
    if not fresh and prepared.can_run(variables):
        return prepared.run(words, script=script, folder=cwd, variables=variables, timeout=timeout)
    return subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def output_of(completed: subprocess.CompletedProcess[str]) -> str:
    """Standard output of a script that ended well."""
    assert completed.returncode == 0, f"exit status {completed.returncode}\n{completed.stdout}\n{completed.stderr}"
    return completed.stdout
