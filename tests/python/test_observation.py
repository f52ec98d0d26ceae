"""Profiles, benchmarks, counters, devices, logs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import HB_HBMRuntime

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_profile_holds_the_requests_of_its_block(models: ModelFactory, tmp_path: Path) -> None:
    runtime = HB_HBMRuntime([str(models.scaled(2)), str(models.scaled(3))])
    runtime.run(X, "times_2")
    with runtime.profile() as profile:
        for _ in range(3):
            runtime.run(X, "times_2")
        runtime.run_async({"times_2": {"x": X}, "times_3": {"x": X}}).result(10)
    runtime.run(X, "times_2")
    phases = profile.durations
    assert {model: phase["ModelExecute"].count for model, phase in phases.items()} == {"times_2": 4, "times_3": 1}
    whole, device = phases["times_2"]["ModelExecute"], phases["times_2"]["DeviceExecute"]
    assert whole.min <= whole.p50 <= whole.p99 <= whole.max
    assert 0 < device.total <= whole.total
    kinds = [event.kind for event in profile.events]
    assert kinds.count("DeviceExecuteBegin") == kinds.count("DeviceExecuteEnd") == 5
    profile.save(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {event["ph"] for event in trace} == {"X"}
    assert all(event["dur"] >= 0 for event in trace)


def test_a_full_profile_counts_what_it_lost(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    with runtime.profile(capacity=2) as profile:
        for _ in range(5):
            runtime.run(X)
    assert (len(profile.records), profile.lost) == (2, 3)


def test_operations_are_listed_and_timed(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.conv_net()), profile_operators=True)
    types = [kind for _, kind in runtime.operations("conv_net")]
    assert "Conv" in types
    inputs = {name: np.zeros(shape, np.float32) for name, shape in runtime.input_shapes["conv_net"].items()}
    with runtime.profile(operators=True) as profile:
        runtime.run(inputs)
    assert sum(each.total for each in profile.operation_durations["conv_net"].values()) > 0
    assert any(event.kind == "LayerExecuteBegin" for event in profile.events)


def test_intermediate_tensors_become_outputs(models: ModelFactory) -> None:
    plain = HB_HBMRuntime(str(models.conv_net()))
    import onnx

    graph = onnx.load(models.conv_net()).graph
    hidden = graph.node[0].output[0]
    runtime = HB_HBMRuntime(str(models.conv_net()), keep=[hidden])
    assert runtime.output_names["conv_net"] == [*plain.output_names["conv_net"], hidden]
    inputs = {name: np.ones(shape, np.float32) for name, shape in runtime.input_shapes["conv_net"].items()}
    result = runtime.run(inputs)["conv_net"]
    assert result[hidden].size > 0
    name = plain.output_names["conv_net"][0]
    np.testing.assert_allclose(result[name], plain.run(inputs)["conv_net"][name], rtol=1e-5, atol=1e-6)
    with pytest.raises(hbm_runtime.HbmError, match="no_such_tensor"):
        HB_HBMRuntime(str(models.conv_net()), keep=["no_such_tensor"])


def test_a_benchmark_measures_what_was_asked_for(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    measured = runtime.benchmark([X, X + 1], repeat=7, warmup=2)
    assert (measured.runs, measured.warmup, measured.latency.count) == (7, 2, 7)
    assert json.loads(measured.to_json())["runs"] == 7
    assert runtime.benchmark(X, duration=0.02).seconds >= 0.02


def test_counters_tell_how_requests_ended(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    runtime.run(X)
    with pytest.raises(hbm_runtime.HbmDeadlineError):
        runtime.run_async(X, deadline=time.monotonic() - 1).result(10)
    counts = runtime.stats()["models"]["times_2"]
    assert (counts["done"], counts["failed"], counts["late"]) == (1, 1, 1)
    text = runtime.stats("prometheus")
    assert 'hbm_runtime_requests_total{model="times_2",end="done"} 1\n' in text
    assert all(line.startswith(("#", "hbm_runtime_")) for line in text.splitlines())


def test_devices_and_host_are_described() -> None:
    devices = hbm_runtime.get_devices()
    assert [device.index for device in devices] == list(range(4))
    assert {device.kind for device in devices} == {"bpusim"}
    host = hbm_runtime.get_host_info()
    assert host.cpus >= 1
    assert len(host.devices) == 4


def test_lines_of_the_driver_reach_pythons_logging(models: ModelFactory, caplog: pytest.LogCaptureFixture) -> None:
    runtime = HB_HBMRuntime(str(models.total()))
    names = runtime.input_names["total"]
    with caplog.at_level(logging.DEBUG, "hbm_runtime"):
        with pytest.raises(hbm_runtime.HbmError):
            runtime.run({names[0]: np.zeros(3, np.float32), names[1]: np.zeros(5, np.float32)})
        deadline = time.monotonic() + 10
        while "hbm_runtime.driver" not in {record.name for record in caplog.records} and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "hbm_runtime.driver" in {record.name for record in caplog.records}


def test_an_unknown_log_level_is_refused() -> None:
    with pytest.raises(hbm_runtime.InputError, match="debug"):
        hbm_runtime.set_log_level("loud")


def test_the_environment_sets_level_and_file(models: ModelFactory, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    code = f"import hbm_runtime, time; hbm_runtime.HB_HBMRuntime({str(models.scaled(2))!r}); time.sleep(0.3)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"HBM_RUNTIME_LOG": "info", "HBM_RUNTIME_LOG_FILE": str(log), "HBM_RUNTIME_DRIVER": "bpusim", "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (result.stdout, result.stderr) == ("", "")
    assert "libdnn.so" in log.read_text()
