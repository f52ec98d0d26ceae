"""Runs the benchmarks, each in a process of its own: ``python benchmarks/run.py [names] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import PREFIX, Figure  # noqa: E402
from benchmarks.native_library import BUILD, NULL_DRIVER  # noqa: E402

DRIVERS = {
    "binding": str(NULL_DRIVER),
    "driver": "bpusim",
    "latency": "bpusim",
    "outputs": "bpusim",
    "speed": "bpusim",
    "threads": "bpusim",
    "steady": "bpusim",
    "bound": str(NULL_DRIVER),
    "steps": "bpusim",
    "requests": "bpusim",
    "cameras": "bpusim",
    "endurance": "bpusim",
    "exits": "bpusim",
    "packing": "bpusim",
    "gil": str(NULL_DRIVER),
    "serving": "bpusim",
    "importing": "bpusim",
}


def measured(name: str) -> list[Figure] | None:
    """The figures of one benchmark, each shown as soon as it is there; None when it failed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("BPUSIM_", "HBM_"))}
    environment["HBM_RUNTIME_DRIVER"] = DRIVERS[name]
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    figures = []
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(PREFIX):
                figures.append(Figure(**json.loads(line.removeprefix(PREFIX))))
                show(figures[-1])
    return figures if process.returncode == 0 else None


def show(figure: Figure) -> None:
    """Prints a line of the table."""
    mark = "ok" if figure.passed else "MISSED" if figure.gate else "missed"
    sign = ">=" if figure.at_least else "<="
    print(f"{figure.name:58} {figure.value:9.3f} {sign} {figure.bound:g} {figure.unit:4} {mark}", flush=True)


def _of_processor(field: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(field)), "")


def _processor() -> str:
    return _of_processor("model name") or platform.machine()


def _instructions() -> list[str]:
    """Those that decide how fast engines compute."""
    known = (
        "avx2",
        "fma",
        "avx_vnni",
        "avx512f",
        "avx512bw",
        "avx512_vnni",
        "avx512_bf16",
        "amx_int8",
        "asimddp",
        "i8mm",
    )
    there = (_of_processor("flags") or _of_processor("Features")).split()
    return [name for name in known if name in there]


def main() -> int:
    """Prints a table; 1 when a bound does not hold or a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*DRIVERS, []], help="which; all when left out")
    parser.add_argument("--json", type=Path, default=BUILD / "results.json", help="where the figures go")
    arguments = parser.parse_args()
    results: dict[str, list[dict[str, object]]] = {}
    failed = False
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    for name in arguments.names or DRIVERS:
        figures = measured(name)
        if figures is None:
            print(f"{name}: failed", flush=True)
            failed = True
            continue
        failed |= any(figure.gate and not figure.passed for figure in figures)
        results[name] = [{**asdict(figure), "passed": figure.passed} for figure in figures]
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "machine": _processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "instructions": _instructions(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
    arguments.json.write_text(json.dumps({"about": about, "figures": results}, indent=2), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
