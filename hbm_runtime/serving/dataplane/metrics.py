"""The metrics page, in the text format of Prometheus."""

from __future__ import annotations

import re

from .dataplane import Dataplane

_SAMPLE_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def metrics_text(dataplane: Dataplane) -> str:
    """Returns the counters of all runtimes, each family once, and those of the server."""
    runtimes = {id(model.runtime): model.runtime for model in dataplane.repository}
    families: dict[str, dict[str, str]] = {}
    heads: dict[str, list[str]] = {}
    for runtime in runtimes.values():
        for line in runtime.stats("prometheus").splitlines():
            if line.startswith("#"):
                heads.setdefault(line.split()[2], []).append(line)
            else:
                labelled, _, value = line.rpartition(" ")
                families.setdefault(_name(labelled), {})[labelled] = value
    lines: list[str] = []
    for name, samples in families.items():
        lines += dict.fromkeys(heads.get(name, []))
        lines += [f"{labelled} {value}" for labelled, value in samples.items()]
    return "\n".join([*lines, *_own(dataplane), ""])


def _name(labelled: str) -> str:
    match = _SAMPLE_NAME.match(labelled)
    return match[0] if match else ""


def _own(dataplane: Dataplane) -> list[str]:
    lines: list[str] = []

    def family(name: str, kind: str, text: str, samples: list[tuple[str, float]]) -> None:
        lines.append(f"# HELP hbm_serving_{name} {text}")
        lines.append(f"# TYPE hbm_serving_{name} {kind}")
        lines.extend(f"hbm_serving_{name}{labels} {value}" for labels, value in samples)

    models = list(dataplane.repository)
    family("ready", "gauge", "1 if the server takes requests.", [("", int(dataplane.ready))])
    family("calls", "gauge", "Inference requests under way.", [("", dataplane.calls)])
    family("abandoned_total", "counter", "Requests whose clients went away.", [("", dataplane.abandoned)])
    family("requests_waiting", "gauge", "Requests that wait for their turn.",
           [(_labels(model.name), model.gate.waiting) for model in models])  # fmt: skip
    family("requests_dropped_total", "counter", "Requests refused or dropped because too many waited.",
           [(_labels(model.name), model.gate.dropped) for model in models])  # fmt: skip
    family("failures_total", "counter", "Failed requests by reason.",
           [(_labels(model.name, reason), count)
            for model in models for reason, count in model.statistics.failures().items()])  # fmt: skip
    return lines


def _labels(model: str, reason: str = "") -> str:
    text = model.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{model="{text}",reason="{reason}"}}' if reason else f'{{model="{text}"}}'
