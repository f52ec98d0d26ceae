"""The methods that measure runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from .._errors import InputError
from .._running.native import checked
from .._running.preparing import PreparingRuntime

# What not every program needs is imported by the methods that need it, before they change anything.
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._running.keywords import Inputs, OutputNames, Outputs
    from .benchmark import Benchmark
    from .profile import Profile
    from .slots import DropCounts, ProfileSlot


class ObservableRuntime(PreparingRuntime):
    """A runtime that reports how long its runs take and how they end."""

    _profiles: ProfileSlot
    _drops: DropCounts

    @checked
    def profile(self, *, capacity: int = 100_000, operators: bool = False) -> Profile:
        """Records requests inside a ``with`` block.

        Args:
            capacity: How many requests are kept; those beyond are counted in `Profile.lost`.
            operators: Record single operations too; needs ``HB_HBMRuntime(..., profile_operators=True)``.
        """
        from .profile import Profile

        return Profile(self, self._profiles, capacity, operators)

    @checked
    def benchmark(
        self,
        inputs: Inputs | Sequence[Inputs],
        *,
        repeat: int = 100,
        duration: float | None = None,
        warmup: int = 10,
        warmup_time: float = 0.0,
        stop_threshold: float | None = None,
        check_period: int = 20,
        in_flight: int = 1,
        profile: bool = False,
        capacity: int = 100_000,
        model_name: str | None = None,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        outputs: Outputs | None = None,
        output_names: OutputNames | None = None,
    ) -> Benchmark:
        """Runs a model repeatedly, and measures latency and throughput.

        Args:
            inputs: What `run` takes, or a list of such sets, which are used in turn and also counted one by one.
            repeat: Number of runs measured.
            duration: Seconds to measure for, instead of `repeat` runs.
            warmup: Minimum number of runs before the measurement.
            warmup_time: Minimum duration of those runs in seconds.
            stop_threshold: Ends earlier, once the standard error of the mean latency is at most that many seconds.
            check_period: Runs between two checks of that error.
            in_flight: Runs under way at a time: 1 measures latency, more measure throughput.
            profile: Also record a profile, with operations if the runtime was loaded with ``profile_operators=True``.
            capacity: How many requests that profile keeps.
            model_name: As for `run`, like all that follow.
            priority: As for `run`.
            bpu_cores: As for `run`.
            custom_id: As for `run`.
            device_id: As for `run`.
            timeout: As for `run`, of each run.
            deadline: As for `run`.
            outputs: As for `run`.
            output_names: As for `run`.
        """
        from .benchmark import benchmark
        from .measuring import Calls, Plan

        keywords: dict[str, Any] = {
            "model_name": model_name,
            "priority": priority,
            "bpu_cores": bpu_cores,
            "custom_id": custom_id,
            "device_id": device_id,
            "timeout": timeout,
            "deadline": deadline,
            "outputs": outputs,
            "output_names": output_names,
        }
        plan = Plan(repeat, duration, warmup, warmup_time, stop_threshold, check_period, in_flight)
        recorded = self.profile(capacity=capacity, operators=self._profiles.times_operators) if profile else None
        calls = Calls(lambda each: self.run(each, **keywords), lambda each: self.run_async(each, **keywords))
        return benchmark(calls, inputs, plan, recorded, self._profiles.files())

    @overload
    def stats(self) -> dict[str, Any]: ...
    @overload
    def stats(self, form: Literal["prometheus"]) -> str: ...
    def stats(self, form: str | None = None) -> dict[str, Any] | str:
        """Counts how requests have ended by model, and the cores' work.

        Args:
            form: "prometheus" for its text format; None for dicts.
        """
        from .stats import prometheus, stats

        if form not in (None, "prometheus"):
            raise InputError(f"form is {form!r}; it must be None or 'prometheus'")
        return prometheus(self, self._drops) if form else stats(self, self._drops)
