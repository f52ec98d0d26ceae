"""Tries an uploaded model once in a process of its own: a stranger's graph can end the process that it runs in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hbm_runtime import driver_info
from hbm_runtime._watched_child import run_watched

from ..failures import Kind, RefusedError
from . import upload_trial_child

_SECONDS = 120.0


def try_upload(name: str, path: Path) -> None:
    """Loads and runs a model once in a child process.

    An error that the model causes there is not reported: loading it explains it better. On a board, where models do not
    run in the process that loads them, nothing is tried.

    Raises:
        RefusedError: The engine ends with this model, or it exceeds the limits of time or memory.
    """
    if driver_info()["kind"] != "bpusim" or not sys.executable:
        return
    ended = run_watched([sys.executable, "-I", upload_trial_child.__file__, str(path), json.dumps(sys.path)], _SECONDS)
    doing = (ended.printed.decode(errors="replace").split() or ["loading"])[-1]
    if ended.limit:
        raise RefusedError(Kind.BAD_MODEL, f"model '{name}': {doing} it once takes more than {ended.limit}", model=name)
    if ended.signal:
        raise RefusedError(
            Kind.BAD_MODEL,
            f"model '{name}': the engine ends with this model: {ended.signal} while {doing} it once on made-up inputs",
            model=name,
        )
