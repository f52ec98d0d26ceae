"""Trials of the packer without a process of their own, for tests that pack much and try nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

import pytest

from hbm_runtime import _watched_child
from hbm_runtime.packer import trial_child


@contextmanager
def trials_in_this_process() -> Iterator[None]:
    """Runs trials as plain calls; starting and ending a process is most of what they take.

    A model that ends the engine ends the tests, too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hbm_runtime.packer.trial.run_watched", _run_watched)
        yield


def _run_watched(command: Sequence[str], seconds: float) -> _watched_child.Ended:
    """As the packer's own, but for its limits."""
    if trial_child.__file__ not in command:
        return _watched_child.run_watched(command, seconds)
    with redirect_stdout(io.StringIO()) as printed:
        trial_child.main(command[command.index(trial_child.__file__) + 1])
    return _watched_child.Ended(0, "", printed.getvalue().encode(), b"")
