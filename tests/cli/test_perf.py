"""``perf`` measures what it was asked to measure, and says so in tables, JSON, files and pictures."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import slow
from support.model_factory import ModelFactory
from support.program import COMMAND, environment, run

from hbm_runtime import HB_HBMRuntime
from hbm_runtime._inputs.random_values import random_values
from hbm_runtime._observing import measuring
from hbm_runtime.cli.plot import body_end


def test_frames_are_counted_over_all_threads(models: ModelFactory) -> None:
    document = run("perf", models.scaled(2), "--frame_count=50", "--thread_num=3", "--json").json()
    assert document["running_condition"]["frame_count"] == 50
    assert len(document["threads"]) == 3
    assert sum(thread["frame_count"] for thread in document["threads"]) == 50
    # The warm-up frame is not measured, and no frame was run beside those.
    assert sum(core["tasks"] for core in document["cores"]) in {49, 50}


def test_200_frames_on_one_thread_are_the_default(models: ModelFactory) -> None:
    condition = run("perf", models.scaled(2), "--json").json()["running_condition"]
    assert (condition["frame_count"], condition["thread_num"], condition["core_id"]) == (200, 1, "0")


def test_the_figures_fit_together(models: ModelFactory) -> None:
    document = run("perf", models.scaled(2), "--frame_count=300", "--thread_num=2", "--json").json()
    condition, result = document["running_condition"], document["perf_result"]
    latency = result["latency_ms"]
    ordered = [latency[name] for name in ("min", "p50", "p90", "p95", "p99", "p99.9", "max")]
    assert ordered == sorted(ordered)
    assert ordered[0] > 0
    assert result["total_latency_ms"] == pytest.approx(300 * latency["mean"])
    assert result["fps"] == pytest.approx(300 / condition["run_time_ms"] * 1e3)
    # Two threads have at most twice the run time to be in frames.
    assert result["total_latency_ms"] <= 2 * condition["run_time_ms"] * 1.001


def slow_inputs(folder: Path, models: ModelFactory, seconds: float) -> list[object]:
    steps = slow.steps_for(models.slow(), seconds)
    np.savez(folder / "slow.npz", **slow.inputs(steps))  # type: ignore[arg-type]
    return ["--input_file", folder / "slow.npz"]


def test_latency_is_the_time_that_a_frame_takes(models: ModelFactory, tmp_path: Path) -> None:
    inputs = slow_inputs(tmp_path, models, 0.05)
    document = run("perf", models.slow(), *inputs, "--frame_count=5", "--core_id=2", "--json").json()
    assert document["perf_result"]["latency_ms"]["min"] > 5
    busy = [core["busy_ms"] for core in document["cores"]]
    assert busy[1] > 25
    assert busy[0] == busy[2] == busy[3] == 0
    assert document["cores"][1]["load"] > 0.3


@pytest.mark.parametrize("option", ["--perf_time_in_seconds=0.3", "--perf_time=0.005"])
def test_a_time_replaces_the_number_of_frames(option: str, models: ModelFactory) -> None:
    condition = run("perf", models.scaled(2), option, "--frame_count=1", "--json").json()["running_condition"]
    assert condition["frame_count"] > 1
    assert 250 < condition["run_time_ms"] < 5000


def test_minutes_win_over_seconds(models: ModelFactory) -> None:
    words = ["--perf_time=0.005", "--perf_time_in_seconds=100"]
    assert run("perf", models.scaled(2), *words, "--json").json()["running_condition"]["run_time_ms"] < 50_000


def test_periods_are_reported_while_it_runs(models: ModelFactory) -> None:
    ended = run("perf", models.scaled(2), "--frame_count=90", "--statistic_cycle=40")
    lines = [line for line in ended.out.splitlines() if line.startswith("Frame count: ")]
    assert [line.split(",")[0] for line in lines] == ["Frame count: 40", "Frame count: 80"]
    assert all("FPS: " in line and "thread max latency: " in line for line in lines)
    document = run("perf", models.scaled(2), "--frame_count=90", "--statistic_cycle=40", "--json").json()
    assert [period["frame_count"] for period in document["periods"]] == [40, 40, 10]


def test_runs_that_ended_before_anybody_looked_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def until_all_have_ended() -> Iterator[None]:
        yield
        for thread in threading.enumerate():
            if thread.name.startswith("measure-"):
                thread.join()

    monkeypatch.setattr(measuring, "signals_blocked", until_all_have_ended)
    measurement = measuring.Measurement(measuring.Calls(lambda _: None), [None], measuring.Plan(5, threads=2))
    seen: list[tuple[int, float]] = []
    measurement.run_on_threads(lambda running, done: seen.append((len(running.runs), done)))
    assert seen == [(5, 1.0)]


def test_the_text_has_the_vendors_two_blocks(models: ModelFactory) -> None:
    lines = run("perf", models.scaled(2), "--frame_count=7").out.splitlines()
    condition, result = lines.index("Running condition"), lines.index("Perf result")
    assert ["Frame", "count", "7"] in [line.split() for line in lines[condition:result]]
    rate = next(line.split() for line in lines[result:] if line.startswith("Frame rate"))
    assert (float(rate[2]) > 0, rate[3]) == (True, "FPS")


def test_profiler_files_have_the_vendors_form(models: ModelFactory, tmp_path: Path) -> None:
    ended = run("perf", models.scaled(2), "--frame_count=20", "--profile_path", tmp_path / "deep" / "folder", "--json")
    report = ended.json()
    log = (tmp_path / "deep" / "folder" / "profiler.log").read_text()
    first, rest = log.split("\n", 1)
    head, tail = (json.loads(part) for part in rest.split("\n***\n"))
    assert first == "ucp_version: 3.13.6"
    assert head["running_condition"]["frame_count"] == 20
    assert head["running_condition"]["model_name"] == "times_2"
    assert head["perf_result"]["FPS"] == pytest.approx(report["perf_result"]["fps"], abs=1e-3)
    assert tail["task_latency"]["TaskRunningTime"]["max_time"] == pytest.approx(
        report["perf_result"]["latency_ms"]["max"], abs=1e-6
    )
    assert tail["processor_latency"]["BPU_inference_time_cost"]["avg_time"] > 0
    with (tmp_path / "deep" / "folder" / "profiler.csv").open() as file:
        rows = dict(csv.reader(file))
    assert rows["ucp_version"] == "3.13.6"
    assert rows["thread_num"] == "1"
    assert float(rows["average_latency"]) == head["perf_result"]["average_latency"]


def test_the_plot_is_a_picture_with_something_in_it(models: ModelFactory, tmp_path: Path) -> None:
    assert run("perf", models.scaled(2), "--thread_num=2", "--plot", "perf.png", cwd=tmp_path).code == 0
    with Image.open(tmp_path / "perf.png") as picture:
        assert (picture.format, min(picture.size) >= 500) == ("PNG", True)
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 50


def test_a_few_outliers_leave_the_histogram_its_body() -> None:
    body = np.random.default_rng(0).normal(1.0, 0.02, 995)
    end = body_end(np.array([*body, 40.0, 41.0, 50.0, 60.0, 70.0]))
    assert body.max() < end < 1.5
    assert body_end(np.array([*body])) == body.max()
    assert body_end(np.array([2.0])) == 2.0


@pytest.mark.parametrize(("name", "code", "part"), [("perf.exe", 2, "must end in"), ("gone/perf.png", 1, "no folder")])
def test_a_plot_that_cannot_be_written_fails_before_measuring(name: str, code: int, part: str, tmp_path: Path) -> None:
    # The model does not exist either: the plot's name is looked at first.
    ended = run("perf", "gone.hbm", "--plot", name, cwd=tmp_path)
    assert ended.code == code
    assert part in ended.err


@pytest.mark.parametrize(
    ("option", "code", "part"),
    [("--require_fps=1", 0, ""), ("--require_fps=1e9", 3, "less than the 1e+09 required"),
     ("--require_p99=100000", 0, ""), ("--require_p99=0.000001", 3, "more than the 1e-06 ms required")],
)  # fmt: skip
def test_thresholds_decide_the_exit_code(option: str, code: int, part: str, models: ModelFactory) -> None:
    ended = run("perf", models.scaled(2), "--frame_count=20", option, "--json")
    assert ended.code == code
    assert part in ended.err
    assert json.loads(ended.out)["running_condition"]["frame_count"] == 20


def test_random_values_are_the_same_for_the_same_seed_and_fit_every_type(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.mixed()))
    infos = runtime.model("mixed").inputs
    dtypes, shapes = ({name: getattr(infos[name], key) for name in infos} for key in ("np_dtype", "shape"))
    first, again, other = (random_values(dtypes, shapes, seed) for seed in (1, 1, 2))
    runtime.run(first)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_random_regions_are_whole_pictures() -> None:
    shapes = {"a_roi": (1, 4), "a_y": (1, 6, 8, 1), "a_uv": (1, 3, 4, 2)}
    dtypes = {name: np.dtype(np.int32 if name == "a_roi" else np.uint8) for name in shapes}
    assert random_values(dtypes, shapes, 0)["a_roi"].tolist() == [[0, 0, 7, 5]]


def test_random_values_for_integers_warn(models: ModelFactory) -> None:
    assert "--input_file" in run("perf", models.mixed(), "--frame_count=1").err
    assert run("perf", models.scaled(2), "--frame_count=1").err == ""


def test_dynamic_models_need_sizes(models: ModelFactory) -> None:
    ended = run("perf", models.dynamic(), "--frame_count=1")
    assert ended.code == 1
    assert "--input_valid_shape" in ended.err
    assert run("perf", models.dynamic(), "--frame_count=1", "--input_valid_shape=1,3,4,4").code == 0


def test_camera_models_are_measured_without_any_option(models: ModelFactory) -> None:
    assert run("perf", models.nv12(4, 6), "--frame_count=3", "--json").json()["running_condition"]["frame_count"] == 3


def test_a_failing_frame_ends_the_measurement_with_its_error(models: ModelFactory) -> None:
    ended = run("perf", models.scaled(2), "--thread_num=4", env={"BPUSIM_FAULT": "hbDNNInferV2:fail@20=-100003"})
    assert ended.code == 1
    assert "hbDNNInferV2" in ended.err
    assert ended.out == ""


def test_a_hanging_frame_times_out(models: ModelFactory) -> None:
    ended = run("perf", models.scaled(2), "--task_timeout=100", env={"BPUSIM_FAULT": "task:hang@5"})
    assert ended.code == 5
    assert ended.out == ""


def test_ctrl_c_ends_it_and_keeps_the_figures(models: ModelFactory) -> None:
    words = ["perf", str(models.scaled(2)), "--perf_time=10", "--statistic_cycle=1000"]
    process = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment({"PYTHONUNBUFFERED": "1"}),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Frame count: 1000")
    os.kill(process.pid, signal.SIGINT)
    begin = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - begin < 20
    assert process.returncode == 130
    assert "Perf result" in out
    assert "interrupted" in err
    assert "Traceback" not in err
