"""The figures of ``speed.py`` as the tables of the page "Performance"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

TITLES = {
    "ours": "this package",
    "onnxruntime": "ONNX Runtime",
    "onnxruntime, threads that sleep": "threads that sleep",
    "onnxruntime, 1 thread": "1 thread",
    "openvino": "OpenVINO",
}
BEGIN, END = "<!-- figures of benchmarks/results.json: begin -->\n", "<!-- figures: end -->\n"


def with_tables(page: str, document: dict[str, Any]) -> str:
    """Gives the text of the page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"the page has no place for the figures: {BEGIN.strip()} and {END.strip()}")
    return before + BEGIN + tables(document) + END + after


def tables(document: dict[str, Any]) -> str:
    """Gives both tables and the machine."""
    about, figures = document["about"], document["figures"]["speed"]
    machine = f"{about['machine']}, {about['cpus']} CPUs ({', '.join(about['instructions'])})"
    parts = (_table(_latency(figures)), _table(_throughput(figures)), f"Measured on {machine}.")
    return "\n" + "\n\n".join(parts) + "\n\n"


def _latency(figures: Sequence[dict[str, Any]]) -> Iterator[Sequence[str]]:
    yield ("alone, ms", *TITLES.values(), "ratio", "others, ‰")
    other = {name: _others(figure) for figure in figures for name in (_before(figure, ", values that"),) if name}
    for figure in figures:
        name = _before(figure, " alone,") or _before(figure, " packed,")
        if name:
            times = [figure["detail"].get(side) for side in TITLES]
            yield (
                name + (", packed" if " packed," in figure["name"] else ""),
                *("" if value is None else f"{value:.1f}" for value in times),
                _judged(figure) + ("\N{MULTIPLICATION SIGN}" if figure["at_least"] else ""),
                other[name],
            )


def _others(figure: dict[str, Any]) -> str:
    beside = figure["detail"].get("onnxruntime")
    return f"{figure['value']:.0f}" + ("" if beside is None else f" ({beside:.0f})")


def _throughput(figures: Sequence[dict[str, Any]]) -> Iterator[Sequence[str]]:
    sides = [side for side in TITLES if side != "openvino"]
    yield ("inferences a second", *(TITLES[side] for side in sides), "ratio")
    for figure in figures:
        name = _before(figure, " callers,")
        if name:
            yield (f"{name} callers", *(f"{figure['detail'][side]:.1f}" for side in sides), _judged(figure))


def _before(figure: dict[str, Any], words: str) -> str:
    name, found, _ = figure["name"].partition(words)
    return name if found else ""


def _judged(figure: dict[str, Any]) -> str:
    missed = figure["gate"] and not figure["passed"]
    return f"**{figure['value']:.2f}**" if missed else f"{figure['value']:.2f}"


def _table(rows: Iterator[Sequence[str]]) -> str:
    titles = next(rows)
    lines = [titles, ["---", *["--:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
