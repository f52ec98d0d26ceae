"""Tries a model once in a process of its own: an engine can end the process that it works in.

Operators with impossible attributes, or an integer division that has no result, crash ONNX Runtime instead of failing.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from hbm_runtime._watched_child import Ended, run_watched
from hbm_runtime.packer import findings_child, trial_child
from hbm_runtime.packer.engine import ReportedOutputs, engine_available, first_line
from hbm_runtime.packer.errors import PackError, PackWarning

_FINDINGS_SECONDS = 30


@dataclass(frozen=True)
class _Outcome:
    step: str  # "starting", "loading", "refused", "running", "failed", "done"
    text: str
    ended: Ended
    outputs: ReportedOutputs


def can_try() -> bool:
    """Returns True if there is an engine, and a Python program to run it in."""
    return engine_available() and bool(sys.executable) and not getattr(sys, "frozen", False)


def try_model(path: str | os.PathLike[str], where: str, seconds: float) -> ReportedOutputs:
    """Loads and runs a model once in a child process.

    Args:
        path: An ONNX file.
        where: What messages call the model.
        seconds: How long it may take. Memory is limited to what the machine has left.

    Raises:
        PackError: The engine ends with this model, refuses it, or cannot load it within the limits. The text says what
            onnx's checker and shape inference find.

    Returns:
        What the engine says about the outputs.
    """
    outcome = _observed(Path(path), seconds)
    loading = outcome.step in {"starting", "loading"}
    doing = "loading it" if loading else "running it once on made-up inputs"
    if outcome.ended.limit:
        text = f"{where}: {doing} takes more than {outcome.ended.limit}"
        if loading:
            raise PackError(f"{text}; --trial-seconds or ModelOptions(trial_seconds=...) gives it more time")
        warnings.warn(f"{text}; it was not tried to the end", PackWarning, stacklevel=2)
    elif outcome.ended.signal:
        raise PackError(
            f"{where}: the engine ends with this model: {outcome.ended.signal} while {doing}{_findings(path)}; every "
            "process that loads it would end the same way"
        )
    elif outcome.step == "refused":
        raise PackError(f"{where}: the engine refuses the model: {outcome.text}{_findings(path)}")
    elif outcome.ended.status != 0:
        warnings.warn(f"{where}: the model could not be tried: {outcome.text}", PackWarning, stacklevel=2)
    return outcome.outputs


def _observed(path: Path, seconds: float) -> _Outcome:
    command = [sys.executable, "-I", trial_child.__file__, str(path.absolute()), json.dumps(sys.path)]
    ended = run_watched(command, seconds)
    step, text = "starting", ""
    outputs: ReportedOutputs = {}
    for line in ended.printed.splitlines():
        entry = json.loads(line)
        # Where the file of a trial lies says nothing to anybody.
        step, text = entry["step"], first_line(entry["text"].replace(f"Load model from {path} failed:", ""))
        outputs = entry.get("outputs", outputs)
    if ended.status > 0:
        text = first_line(ended.complaint.decode(errors="replace"), last=True)
    return _Outcome(step, text, ended, outputs)


def _findings(path: str | os.PathLike[str]) -> str:
    """What onnx itself finds wrong, as the continuation of a message."""
    command = [sys.executable, "-I", findings_child.__file__, os.path.abspath(path), json.dumps(sys.path)]
    said = run_watched(command, _FINDINGS_SECONDS).printed.decode(errors="replace")
    return f"; onnx says: {first_line(said)}" if said.strip() else ""
