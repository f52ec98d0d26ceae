"""What a benchmark measured, and how it is saved. Programs read the types of `Benchmark`: they are no strings."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from .._files import written_file
from .durations import Durations
from .measuring import Calls, Measurement, Plan, run_seconds, runs_per_second
from .profile import Profile


@dataclass(frozen=True)
class Benchmark:
    """What `HB_HBMRuntime.benchmark` measured.

    Attributes:
        latency: Latencies of the single runs, in seconds.
        sets: Latencies of each set of inputs.
        runs: Number of runs measured.
        warmup: Number of runs before the measurement.
        in_flight: Runs that were under way at a time.
        seconds: Wall time of the measured runs.
        throughput: Runs per second.
        stopped: What ended it: "repeat", "duration" or "stable".
        profile: A profile of the measured runs with ``profile=True``, else None; not in the JSON.
    """

    __module__ = "hbm_runtime"

    latency: Durations
    sets: tuple[Durations, ...]
    runs: int
    warmup: int
    in_flight: int
    seconds: float
    throughput: float
    stopped: str
    profile: Profile | None = field(default=None, compare=False, repr=False)
    _files: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def to_json(self) -> str:
        """The figures as JSON text."""
        figures = {name: value for name, value in vars(self).items() if name not in ("profile", "_files")}
        figures["latency"] = asdict(self.latency)
        figures["sets"] = [asdict(each) for each in self.sets]
        import json  # noqa: PLC0415 (importing us must stay cheap)

        return json.dumps(figures)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes `to_json` to a file.

        Raises:
            InputError: It is the file of a model of the runtime.
            OSError: It cannot be written; an older file is left as it was.
        """
        with written_file(path, inputs=self._files) as file:
            file.write(f"{self.to_json()}\n".encode())


def benchmark(calls: Calls, inputs: Any, plan: Plan, profile: Profile | None, files: Sequence[str] = ()) -> Benchmark:
    """Runs sets of inputs in turn and measures; see `HB_HBMRuntime.benchmark`.

    Args:
        calls: How a set is run.
        inputs: One set, or a list of sets.
        plan: How long to measure.
        profile: Records meanwhile.
        files: The models' files, which `Benchmark.save` does not overwrite.
    """
    sets = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    measurement = Measurement(calls, sets, plan)
    warmed = measurement.warm_up()
    recording: AbstractContextManager[object] = profile if profile is not None else nullcontext()
    with recording:
        measurement.run()
    runs = measurement.runs
    by_set: list[list[float]] = [[] for _ in sets]
    for run in runs:
        by_set[run.inputs].append(run.seconds)
    return Benchmark(
        latency=Durations.of([run.seconds for run in runs]),
        sets=tuple(Durations.of(each) for each in by_set),
        runs=len(runs),
        warmup=warmed,
        in_flight=plan.in_flight,
        seconds=run_seconds(runs),
        throughput=runs_per_second(runs),
        stopped=measurement.stopped,
        profile=profile,
        _files=tuple(files),
    )
