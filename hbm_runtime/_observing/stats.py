"""Counters of a runtime, as dicts and in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import _core
from .._errors import UnsupportedError
from .slots import DropCounts

#: How a request can end, as the counters name it.
_ENDS = ("done", "failed", "cancelled")


def stats(runtime: _core.Runtime, drops: DropCounts) -> dict[str, Any]:
    """See `HB_HBMRuntime.stats`."""
    try:
        cores = [dict(load) for load in _core.core_loads()]
    except UnsupportedError:
        cores = []
    models = {model: {**counts, "dropped": drops.of(model)} for model, counts in runtime._request_counts().items()}
    return {"models": models, "cores": cores}


def prometheus(runtime: _core.Runtime, drops: DropCounts) -> str:
    """The same in the text format of Prometheus, version 0.0.4."""
    counted = stats(runtime, drops)
    models, cores = counted["models"], counted["cores"]
    memory = runtime.memory_info()
    lines: list[str] = []

    def family(name: str, kind: str, text: str, samples: Iterable[tuple[dict[str, str], float]]) -> None:
        lines.append(f"# HELP hbm_runtime_{name} {text}")
        lines.append(f"# TYPE hbm_runtime_{name} {kind}")
        for labels, value in samples:
            text_of = ",".join(f'{label}="{_escaped(of)}"' for label, of in labels.items())
            lines.append(f"hbm_runtime_{name}{{{text_of}}} {value}")

    family("requests_total", "counter", "Requests that have ended, by how.",
           (({"model": m, "end": end}, counts[end]) for m, counts in models.items() for end in _ENDS))  # fmt: skip
    family("timed_out_total", "counter", "Failed requests that were not done in time.",
           (({"model": m}, counts["timed_out"]) for m, counts in models.items()))  # fmt: skip
    family("late_total", "counter", "Failed requests that were not run because their deadline had passed.",
           (({"model": m}, counts["late"]) for m, counts in models.items()))  # fmt: skip
    family("dropped_total", "counter", "What queues have dropped, by reason.",
           (({"model": m, "reason": reason}, number)
            for m, counts in models.items() for reason, number in counts["dropped"].items()))  # fmt: skip
    family("requests_running", "gauge", "Requests that have started and not ended.",
           (({"model": m}, counts["running"]) for m, counts in models.items()))  # fmt: skip
    family("device_seconds_total", "counter", "Time from submission to the driver's report, of requests done.",
           (({"model": m}, counts["device_ns"] / 1e9) for m, counts in models.items()))  # fmt: skip
    family("memory_bytes", "gauge", "Device memory of a model's runs.",
           (({"model": m, "state": state}, sizes[f"{state}_bytes"])
            for m, sizes in memory.items() for state in ("used", "free")))  # fmt: skip
    family("core_busy_seconds_total", "counter", "Time that a BPU core spent in tasks.",
           (({"core": str(index)}, core["busy_ns"] / 1e9) for index, core in enumerate(cores)))  # fmt: skip
    family("core_tasks_total", "counter", "Tasks that have ended on a BPU core.",
           (({"core": str(index)}, core["finished_tasks"]) for index, core in enumerate(cores)))  # fmt: skip
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
