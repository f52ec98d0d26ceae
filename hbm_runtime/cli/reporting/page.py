"""A measurement as one HTML file with everything in it: no script, no other file, no network."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from hbm_runtime import __version__, get_host_info
from hbm_runtime._observing.measuring import Run
from hbm_runtime.cli.reporting.charts import histogram, timeline
from hbm_runtime.cli.reporting.details import CoreSamples, Details
from hbm_runtime.cli.writing import output_file

_STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
_MAX_OPERATORS = 200


def write_page(
    path: Path,
    document: Mapping[str, Any],
    frames: Sequence[Run],
    cores: CoreSamples,
    details: Details,
    *,
    graph: str,
    inputs: Sequence[str] = (),
) -> None:
    """Writes the page.

    Args:
        path: The file.
        document: That of ``perf --json``.
        frames: The measured frames.
        cores: How busy the cores were.
        details: Where the time goes.
        graph: The model as a part of a page.
        inputs: Files that the command reads, of which ``path`` must be none.
    """
    name = document["running_condition"]["model_name"]
    parts = [
        _summary(document),
        _latencies(document, frames),
        _phases(details),
        _operators(details),
        _cores(document, cores),
        _section("Memory", _rows({text: _size(size) for text, size in details.memory.items()})),
        _section("Machine and versions", _rows(_machine(document))),
        _section("Model", f'<div class="graph">{graph}</div>'),
    ]
    with output_file(path, inputs) as file:
        file.write(_html(f"{name}: performance", parts).encode())


def _html(title: str, parts: Sequence[str]) -> str:
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main><h1>{escape(title)}</h1>"
        f'<p class="when">measured by hbm_runtime {escape(__version__)}, {now}</p>\n'
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _rows(facts: Mapping[str, str]) -> str:
    if not facts:
        return ""
    rows = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in facts.items())
    return f"<table>{rows}</table>"


def _summary(document: Mapping[str, Any]) -> str:
    condition, result = document["running_condition"], document["perf_result"]
    tiles = {
        "frames per second": f"{result['fps']:.1f}",
        "median": f"{result['latency_ms']['p50']:.3f} ms",
        "99 of 100 within": f"{result['latency_ms']['p99']:.3f} ms",
        "frames": f"{condition['frame_count']}",
        "threads": f"{condition['thread_num']}",
        "loaded in": f"{condition['load_ms']:.0f} ms",
    }
    return (
        '<div class="tiles">'
        + "".join(f"<div><b>{value}</b><span>{text}</span></div>" for text, value in tiles.items())
        + "</div>"
    )


def _latencies(document: Mapping[str, Any], frames: Sequence[Run]) -> str:
    latency = document["perf_result"]["latency_ms"]
    names = ["min", "p50", "p90", "p95", "p99", "p99.9", "max", "mean", "std"]
    head = "".join(f"<th>{name}</th>" for name in names)
    row = "".join(f"<td>{latency[name]:.3f}</td>" for name in names)
    table = f'<div class="wide"><table class="figures"><tr>{head}</tr><tr>{row}</tr></table></div>'
    values = np.array([frame.seconds * 1e3 for frame in frames])
    marks = {f"p50 {latency['p50']:.3f}": latency["p50"], f"p99 {latency['p99']:.3f}": latency["p99"]}
    start = min(frame.begin for frame in frames)
    ordered = sorted(frames, key=lambda frame: frame.begin)
    every = max(1, len(ordered) // 1500)
    shown = ordered[::every]
    over_time = timeline(
        [(frame.begin - start) / 1e9 for frame in shown],
        [[frame.seconds * 1e3 for frame in shown]],
        [""],
        "latency, ms",
    )
    return _section("Latency in ms", table + histogram(values, marks) + over_time)


def _phases(details: Details) -> str:
    whole = sum(details.phases.values())
    if not whole:
        return ""
    bar = "".join(
        f'<span class="p{number}" style="width:{time / whole:.2%}" title="{escape(text)}"></span>'
        for number, (text, time) in enumerate(details.phases.items())
    )
    rows = "".join(
        f'<tr><th><i class="p{number}"></i>{escape(text)}</th><td>{time:.3f} ms</td><td>{time / whole:.1%}</td></tr>'
        for number, (text, time) in enumerate(details.phases.items())
    )
    note = f"<p>A mean frame of {details.frames} that ran one after the other and were recorded.</p>"
    return _section("Where a frame's time goes", f'{note}<div class="stack">{bar}</div><table>{rows}</table>')


def _operators(details: Details) -> str:
    whole = sum(details.operators.values())
    if not whole:
        return ""
    rows, so_far, longest = [], 0.0, max(details.operators.values())
    for name, time in list(details.operators.items())[:_MAX_OPERATORS]:
        so_far += time
        rows.append(
            f"<tr><th>{escape(name)}</th><td>{time:.3f}</td><td>{time / whole:.1%}</td><td>{so_far / whole:.1%}</td>"
            f'<td class="share"><span style="width:{time / longest:.2%}"></span></td></tr>'
        )
    left_out = len(details.operators) - len(rows)
    note = f"<p>{left_out} more take {whole - so_far:.3f} ms.</p>" if left_out else ""
    head = '<tr><th>operator</th><th>ms a frame</th><th>share</th><th>cumulative</th><th class="share"></th></tr>'
    return _section(
        "Operators", f'<div class="wide"><table class="operators">{head}{"".join(rows)}</table></div>{note}'
    )


def _cores(document: Mapping[str, Any], cores: CoreSamples) -> str:
    if not document["cores"]:
        return ""
    rows = "".join(
        f"<tr><th>core {number}</th><td>{core['load']:.1%}</td><td>{core['tasks']} tasks</td></tr>"
        for number, core in enumerate(document["cores"])
    )
    chart = ""
    if len(cores.times) > 1:
        names = [f"core {number}" for number in range(len(cores.loads[0]))]
        chart = timeline(cores.times, list(zip(*cores.loads, strict=True)), names, "load")
    return _section("Cores", f"<table>{rows}</table>{chart}")


def _machine(document: Mapping[str, Any]) -> dict[str, str]:
    host = get_host_info()
    socs = {device.soc: None for device in host.devices}
    return {
        "device": ", ".join(socs) or "none",
        "driver": document["driver_version"],
        "hbm_runtime": __version__,
        "numpy": np.__version__,
        "system": f"{host.os} {host.os_release}, {host.architecture}",
        "processors": str(host.cpus),
        "memory": _size(host.memory_bytes),
    }


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for bigger in ("KiB", "MiB", "GiB"):
        if size < 1024:
            break
        size, unit = size / 1024, bigger
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
