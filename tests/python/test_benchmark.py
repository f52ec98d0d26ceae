"""benchmark(): what it runs, when it ends, what it reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import HB_HBMRuntime

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def runtime(models: ModelFactory) -> Iterator[HB_HBMRuntime]:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        yield runtime


def runs_of(runtime: HB_HBMRuntime) -> int:
    return int(runtime.stats()["models"]["times_2"]["done"])


@pytest.mark.parametrize("in_flight", [1, 3])
def test_it_runs_what_was_asked_for(runtime: HB_HBMRuntime, in_flight: int) -> None:
    measured = runtime.benchmark(X, repeat=7, warmup=2, in_flight=in_flight)
    assert (measured.runs, measured.warmup, measured.latency.count, measured.stopped) == (7, 2, 7, "repeat")
    assert measured.in_flight == in_flight
    assert runs_of(runtime) == 9
    assert measured.throughput == pytest.approx(7 / measured.seconds)


@pytest.mark.parametrize("in_flight", [1, 3])
def test_sets_of_inputs_take_turns_and_are_counted_one_by_one(runtime: HB_HBMRuntime, in_flight: int) -> None:
    measured = runtime.benchmark([{"x": X}, {"x": X + 1}, {"x": X + 2}], repeat=8, in_flight=in_flight)
    assert [each.count for each in measured.sets] == [3, 3, 2]
    assert sum(each.total for each in measured.sets) == pytest.approx(measured.latency.total)


@pytest.mark.parametrize("in_flight", [1, 3])
def test_a_duration_takes_the_place_of_the_number(runtime: HB_HBMRuntime, in_flight: int) -> None:
    measured = runtime.benchmark(X, duration=0.02, repeat=1, in_flight=in_flight)
    assert measured.seconds >= 0.02
    assert measured.stopped == "duration"
    assert runtime.benchmark(X, duration=0, warmup=0).runs == 1


def test_warming_up_goes_on_for_its_time(runtime: HB_HBMRuntime) -> None:
    measured = runtime.benchmark(X, repeat=1, warmup=1, warmup_time=0.05)
    assert measured.warmup > 1
    assert runs_of(runtime) == measured.warmup + 1


def test_it_ends_when_the_mean_is_known_well_enough(runtime: HB_HBMRuntime) -> None:
    measured = runtime.benchmark(X, repeat=10_000, stop_threshold=10.0, check_period=5)
    assert (measured.runs, measured.stopped) == (5, "stable")
    assert runtime.benchmark(X, repeat=12, stop_threshold=0.0, check_period=5).stopped == "repeat"


def test_json_has_all_figures(runtime: HB_HBMRuntime, tmp_path: Path) -> None:
    measured = runtime.benchmark([X, X], repeat=4, profile=True)
    figures = json.loads(measured.to_json())
    assert (figures["runs"], figures["in_flight"], figures["stopped"]) == (4, 1, "repeat")
    ordered = ["min", "p50", "p90", "p95", "p99", "p999", "max"]
    assert set(figures["latency"]) == {"count", "total", "mean", "std", *ordered}
    assert [figures["latency"][name] for name in ordered] == sorted(figures["latency"][name] for name in ordered)
    assert figures["sets"][0]["count"] == 2
    measured.save(tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == figures


def test_it_can_record_a_profile_of_the_measured_runs(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.conv_net()), profile_operators=True)
    image = {name: np.zeros(shape, np.float32) for name, shape in runtime.input_shapes["conv_net"].items()}
    profile = runtime.benchmark(image, repeat=3, warmup=2, profile=True, capacity=2).profile
    assert profile is not None
    assert (len(profile.records), profile.lost) == (2, 1)
    assert profile.durations["conv_net"].layers
    assert runtime.benchmark(image, repeat=1).profile is None


def test_several_models_at_once(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([str(models.scaled(2)), str(models.scaled(3))])
    both = {"times_2": {"x": X}, "times_3": {"x": X}}
    assert runtime.benchmark(both, repeat=3, in_flight=2).runs == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"repeat": 0}, "repeat is 0"),
        ({"warmup": -1}, "warmup is -1"),
        ({"in_flight": 0}, "in_flight is 0"),
        ({"check_period": 1}, "check_period is 1"),
        ({"duration": -1}, "duration is -1"),
        ({"warmup_time": float("nan")}, "warmup_time is nan"),
    ],
)
def test_senseless_plans_are_refused(runtime: HB_HBMRuntime, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(hbm_runtime.InputError, match=text):
        runtime.benchmark(X, **arguments)
    assert runs_of(runtime) == 0


@pytest.mark.parametrize("name", ["repeat", "warmup", "check_period", "in_flight"])
def test_numbers_of_runs_are_whole(runtime: HB_HBMRuntime, name: str) -> None:
    for value in (2.5, "3"):
        with pytest.raises(TypeError, match="integer"):
            runtime.benchmark(X, **{name: value})  # type: ignore[arg-type]


def test_no_inputs_are_refused(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError, match="nothing to run"):
        runtime.benchmark([])


def test_a_run_that_fails_ends_it_and_its_profile(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError):
        runtime.benchmark([X, X[0]], warmup=0, profile=True)
    with runtime.profile():
        pass
