"""Where the time of frames goes, measured after the frames that are reported, so that recording slows none of them."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from hbm_runtime import HB_HBMRuntime, UnsupportedError
from hbm_runtime.cli.models import LoadedModels, ModelFacts
from hbm_runtime.cli.running import prepare_run

_MAX_FRAMES = 50
_MAX_SECONDS = 5.0
_PHASES = {
    "CopyIn": "copying inputs",
    "Queue": "waiting for a core",
    "Launch": "handing over",
    "DeviceExecute": "computing",
    "CopyOut": "copying outputs",
}
_WHOLE = "ModelExecute"
_REST = "everything else"


@dataclass
class CoreSamples:
    """How busy the cores were while the frames were measured.

    Attributes:
        counters: Returns the counters of the cores, or None where the driver reports none.
        times: Seconds since the beginning, one for each sample.
        loads: The load of each core since the sample before, 0 to 1, for each sample.
    """

    counters: Callable[[], list[dict[str, int]] | None]
    times: list[float] = field(default_factory=list)
    loads: list[list[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._before = self.counters()
        self._begin = self._at = time.perf_counter_ns()

    def take(self) -> None:
        """Adds a sample."""
        now, at = self.counters(), time.perf_counter_ns()
        if now is None or self._before is None or at == self._at:
            return
        busy = [(new["busy_ns"] - old["busy_ns"]) / (at - self._at) for new, old in zip(now, self._before, strict=True)]
        self.times.append((at - self._begin) / 1e9)
        self.loads.append([min(max(load, 0.0), 1.0) for load in busy])
        self._before, self._at = now, at


@dataclass(frozen=True)
class Details:
    """What a page shows beside the latencies.

    Attributes:
        frames: How many frames were recorded.
        phases: Milliseconds of a mean frame, by what it waited for or did.
        operators: Milliseconds of each operator in a mean frame, the longest first; empty where none are reported.
        memory: Bytes by what holds them.
    """

    frames: int = 0
    phases: dict[str, float] = field(default_factory=dict)
    operators: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)


def profile_frames(
    arguments: argparse.Namespace, models: LoadedModels, model: ModelFacts, inputs: dict[str, NDArray[Any]]
) -> Details:
    """Runs some more frames of the model, with records of where their time goes. A server's models are not recorded."""
    if not isinstance(models.runtime, HB_HBMRuntime):
        return Details()
    memory = _memory(models, model)
    runtime, times_operators = _recording_runtime(models)
    with runtime:
        again = LoadedModels(runtime, models.files, models.load_seconds, models.options)
        run_once = prepare_run(arguments, again, model, inputs)
        run_once()
        begin, frames = time.monotonic(), 0
        with runtime.profile(operators=times_operators) as profile:
            while frames < _MAX_FRAMES and (frames == 0 or time.monotonic() - begin < _MAX_SECONDS):
                run_once()
                frames += 1
    durations = profile.durations[model.name]
    phases = {
        text: durations.phases[phase].total / frames * 1e3
        for phase, text in _PHASES.items()
        if phase in durations.phases
    }
    whole = durations.phases[_WHOLE].total / frames * 1e3
    phases[_REST] = max(whole - sum(phases.values()), 0.0)
    operators = {name: layer.total / frames * 1e3 for name, layer in durations.layers.items()}
    return Details(frames, phases, dict(sorted(operators.items(), key=lambda each: -each[1])), memory)


def _recording_runtime(models: LoadedModels) -> tuple[HB_HBMRuntime, bool]:
    """The same models, loaded again, and whether their operators are timed: not every driver can do it."""
    try:
        return models.again(profile_operators=True), True
    except UnsupportedError:
        return models.again(), False


def _memory(models: LoadedModels, model: ModelFacts) -> dict[str, int]:
    memory = {}
    if isinstance(models.runtime, HB_HBMRuntime):
        own = models.runtime.memory_info()[model.name]
        memory["inputs and outputs in use"] = own["used_bytes"]
        memory["kept for the next run"] = own["free_bytes"]
    memory["this process at its peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return memory
