"""Trials of the packer in processes that are forked instead of started, for tests that pack much and try nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from hbm_runtime import _watched_child
from hbm_runtime.packer import trial_child
from support import prepared

_TRIAL = Path(trial_child.__file__).read_text(encoding="utf-8")


@contextmanager
def forking_trials() -> Iterator[None]:
    """Trials of the packer import nothing anew, which is most of what they take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hbm_runtime.packer.trial.run_watched", run_watched)
        yield


def run_watched(command: Sequence[str], seconds: float) -> _watched_child.Ended:
    """As the packer's own, but for the limit of memory."""
    if trial_child.__file__ not in command:
        return _watched_child.run_watched(command, seconds)
    words = command[command.index(trial_child.__file__) + 1 :]
    variables = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    try:
        ended = prepared.run(words, script=_TRIAL, folder=None, variables=variables, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        return _watched_child.Ended(-9, f"{seconds:g} seconds", str(late.output).encode(), b"")
    return _watched_child.Ended(ended.returncode, "", ended.stdout.encode(), ended.stderr.encode())
