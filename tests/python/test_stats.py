"""Counters of requests, drops and cores; their form for Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.live import let_go

import hbm_runtime
from hbm_runtime import HB_HBMRuntime

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def end_in_every_way(runtime: HB_HBMRuntime) -> None:
    """One request each of times_2: done, late, timed out, dropped by a queue; two of times_3 done."""
    timed_out = runtime.run_async(X, "times_2", timeout=0.01)
    with pytest.raises(hbm_runtime.HbmTimeoutError):
        timed_out.result(10)
    let_go()
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        runtime.run_async(X, "times_2", deadline=time.monotonic() - 1).result(10)
    runtime.run({"times_2": {"x": X}, "times_3": {"x": X}})
    runtime.run(X, "times_3")
    with runtime.queue("times_2", on_result=lambda _: None) as queue:
        queue.submit(X, deadline=time.monotonic() - 1)


@pytest.mark.usefixtures("hanging")
def test_requests_are_counted_by_model_and_end(runtime: HB_HBMRuntime) -> None:
    end_in_every_way(runtime)
    models = runtime.stats()["models"]
    names = ("running", "done", "failed", "timed_out", "late", "cancelled", "dropped")
    assert {name: models["times_2"][name] for name in names} == {
        "running": 0, "done": 1, "failed": 3, "timed_out": 1, "late": 2, "cancelled": 0, "dropped": {"deadline": 1},
    }  # fmt: skip
    assert (models["times_3"]["done"], models["times_3"]["dropped"]) == (2, {})
    assert models["times_3"]["device_ns"] > 0


@pytest.mark.usefixtures("hanging")
def test_what_is_under_way_is_shown(runtime: HB_HBMRuntime) -> None:
    request = runtime.run_async(X, "times_2")
    assert runtime.stats()["models"]["times_2"]["running"] == 1
    request.abandon()
    assert runtime.stats()["models"]["times_2"]["running"] == 0
    assert runtime.stats()["models"]["times_2"]["cancelled"] == 1


def test_cores_count_their_work(runtime: HB_HBMRuntime) -> None:
    before = runtime.stats()["cores"]
    runtime.run(X, "times_2", bpu_cores={"times_2": [2]})
    after = runtime.stats()["cores"]
    assert len(after) == 4
    # Its worker counts the task just after it has reported the end.
    deadline = time.monotonic() + 10
    while (after := runtime.stats()["cores"])[2]["finished_tasks"] == before[2]["finished_tasks"]:
        assert time.monotonic() < deadline
    assert after[2]["busy_ns"] > before[2]["busy_ns"]


def test_counters_go_on_when_a_model_is_replaced(runtime: HB_HBMRuntime, models: ModelFactory) -> None:
    runtime.run(X, "times_2")
    runtime.reload("times_2", models.scaled(5))
    runtime.run(X, "times_2")
    assert runtime.stats()["models"]["times_2"]["done"] == 2


@pytest.mark.usefixtures("hanging")
def test_prometheus_reads_the_same_numbers(runtime: HB_HBMRuntime) -> None:
    end_in_every_way(runtime)
    text = runtime.stats("prometheus")
    assert text.endswith("\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(family.documentation and family.type in {"counter", "gauge"} for family in families.values())

    def value(name: str, **labels: str) -> float:
        family = families[f"hbm_runtime_{name}"]
        (sample,) = (sample for sample in family.samples if labels.items() <= sample.labels.items())
        return float(sample.value)

    counted = runtime.stats()
    for model, counts in counted["models"].items():
        for end in ("done", "failed", "cancelled"):
            assert value("requests", model=model, end=end) == counts[end]
        assert value("timed_out", model=model) == counts["timed_out"]
        assert value("late", model=model) == counts["late"]
        assert value("requests_running", model=model) == 0
        assert value("device_seconds", model=model) == counts["device_ns"] / 1e9
        assert value("memory_bytes", model=model, state="used") == runtime.memory_info()[model]["used_bytes"]
    assert value("dropped", model="times_2", reason="deadline") == 1
    assert value("core_tasks", core="3") == counted["cores"][3]["finished_tasks"]


def test_names_of_models_are_escaped(models: ModelFactory) -> None:
    name = 'a "quoted\\ name'
    with HB_HBMRuntime(str(models.scaled(2, name))) as runtime:
        (family,) = [
            family
            for family in text_string_to_metric_families(runtime.stats("prometheus"))
            if family.name == "hbm_runtime_requests"
        ]
        assert {sample.labels["model"] for sample in family.samples} == {name}


def test_an_unknown_form_is_refused(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.InputError, match="'prometheus'"):
        runtime.stats("xml")  # type: ignore[call-overload]
