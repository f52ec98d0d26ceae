"""profiler.log and profiler.csv in the form of the vendor's tool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hbm_runtime.cli.writing import output_file


def write_profile(folder: Path, report: dict[str, Any], version: str, inputs: Sequence[str] = ()) -> list[Path]:
    """Writes both files; returns their paths.

    Args:
        folder: Made if it is missing.
        report: The document of ``perf --json``.
        version: Version of libhbucp.
        inputs: Files that are read and must not be replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    condition = report["running_condition"]
    running = {
        "core_id": condition["core_id"],
        "frame_count": condition["frame_count"],
        "model_name": condition["model_name"],
        "run_time": f"{condition['run_time_ms']:.3f} ms",
        "thread_num": condition["thread_num"],
    }
    result = report["perf_result"]
    perf = {"FPS": round(result["fps"], 3), "average_latency": round(result["latency_ms"]["mean"], 3)}
    log, table = folder / "profiler.log", folder / "profiler.csv"
    summary = json.dumps({"perf_result": perf, "running_condition": running}, indent=2)
    details = json.dumps(_details(report), indent=2)
    rows = [("ucp_version", version), *running.items(), *perf.items()]
    for path, text in (
        (log, f"ucp_version: {version}\n{summary}\n***\n{details}\n"),
        (table, "".join(f"{name},{value}\n" for name, value in rows)),
    ):
        with output_file(path, inputs) as file:
            file.write(text.encode())
    return [log, table]


def _details(report: dict[str, Any]) -> dict[str, Any]:
    """What is known of the parts: the whole task always, the BPU's time where the driver counts it."""
    latency = report["perf_result"]["latency_ms"]
    times = {"avg_time": latency["mean"], "max_time": latency["max"], "min_time": latency["min"]}
    details: dict[str, Any] = {"task_latency": {"TaskRunningTime": _rounded(times)}}
    cores = report["cores"]
    tasks = sum(core["tasks"] for core in cores) if cores else 0
    if tasks:
        busy = sum(core["busy_ms"] for core in cores) / tasks
        details["processor_latency"] = {"BPU_inference_time_cost": _rounded({"avg_time": busy})}
    return details


def _rounded(times: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in times.items()}
