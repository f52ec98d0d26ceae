"""The long run: ``./build.sh differential [--minutes N] [--seed S]``."""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
SOCS = ("unset", "s100", "s100p", "s600")
CHUNK = 50
"""Seeds that one process checks, with one BPUSIM_SOC."""
_WORKER = (sys.executable, "-m", "differential.worker")
_PATIENCE = 300
"""Seconds for one seed. Bound against hangs."""
_SHOWN = 4
"""Differences of one seed that are printed."""
MAX_REFUSED = 0.1
"""Part of the models that ONNX Runtime may refuse; more would make the run say little."""


@dataclass
class Totals:
    """What a run has done so far."""

    graphs: int = 0
    compared: int = 0
    refused: int = 0
    failing: list[int] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        minutes = (time.monotonic() - self.begun) / 60
        return (
            f"{minutes:.1f} minutes: {self.graphs} models, {self.compared} results compared, {self.refused} models or "
            f"calls refused by ONNX Runtime, {len(self.failing)} seeds with differences"
        )


def soc_of(seed: int) -> str:
    """The BPUSIM_SOC of a seed, unless another one is asked for."""
    return SOCS[seed // CHUNK % len(SOCS)]


def main(words: list[str] | None = None) -> int:
    """Runs; 0 when nothing differed."""
    parser = argparse.ArgumentParser(prog="./build.sh differential", description="Random models against ONNX Runtime.")
    parser.add_argument("--minutes", type=float, help="how long; default: 1, or one seed where --seed is given alone")
    parser.add_argument("--seed", type=int, help="the first one; default: another one each day")
    parser.add_argument("--soc", choices=SOCS, help="BPUSIM_SOC; default: each in turn")
    given = parser.parse_args(words)
    once = given.seed is not None and given.minutes is None
    first = int(time.time() // 86400) * 1_000_000 if given.seed is None else given.seed
    end = time.monotonic() + 60 * (given.minutes or 1)
    totals, seed, reported = Totals(), first, time.monotonic()
    while (seed == first) if once else (time.monotonic() < end):
        count = 1 if once else CHUNK - seed % CHUNK
        for line in _results(seed, count, given.soc or soc_of(seed), thorough=once, until=None if once else end):
            _note(line, given.soc or soc_of(seed), totals)
            seed = line["end"] + 1
        if time.monotonic() - reported > 60:
            reported = time.monotonic()
            print(totals, flush=True)
    print(f"seeds {first} to {seed - 1}, {totals}")
    empty = totals.refused > MAX_REFUSED * totals.graphs and not once
    if empty:
        print(f"ONNX Runtime refuses more than {MAX_REFUSED:.0%} of the models: the generator is wrong")
    return 1 if totals.failing or empty else 0


def _note(line: dict[str, Any], soc: str, totals: Totals) -> None:
    totals.graphs += 1
    totals.compared += line["compared"]
    totals.refused += bool(line["refused"])
    if not line["differences"]:
        return
    totals.failing.append(line["end"])
    print(f"\n{line['text']}\n")
    for difference in line["differences"][:_SHOWN]:
        print(difference)
    if len(line["differences"]) > _SHOWN:
        print(f"... and {len(line['differences']) - _SHOWN} more of this seed")
    print(f"again: ./build.sh differential --seed {line['end']} --soc {soc}", flush=True)


def _results(first: int, count: int, soc: str, *, thorough: bool, until: float | None) -> Iterator[dict[str, Any]]:
    """What a process of its own finds, seed by seed; one that ends it or hangs is a difference, too."""
    environment = {name: value for name, value in os.environ.items() if name != "BPUSIM_SOC"}
    environment["BPUSIM_THREADS"] = "1"  # as the reference
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), environment.get("PYTHONPATH", "")])
    if soc != "unset":
        environment["BPUSIM_SOC"] = soc
    command = [*_WORKER, str(first), str(count), *(["thorough"] if thorough else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=TESTS.parent) as worker:
        assert worker.stdout is not None
        seed = first
        try:
            for line in iter(lambda: _line(worker), ""):
                reported = json.loads(line)
                if "end" in reported:
                    yield reported
                seed = reported.get("begin", reported.get("end", seed) + 1)
                if until is not None and "end" in reported and time.monotonic() > until:
                    return
            if worker.wait() != 0 or seed < first + count:
                yield _lost(seed, f"the process ended with {_how(worker.returncode)}", environment)
        except TimeoutError:
            yield _lost(seed, f"no end within {_PATIENCE} s", environment)
        finally:
            worker.kill()


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    if not select.select([worker.stdout], [], [], _PATIENCE)[0]:
        raise TimeoutError
    return worker.stdout.readline()


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _lost(seed: int, text: str, environment: dict[str, str]) -> dict[str, Any]:
    """A difference, unless ONNX Runtime alone ends its process, too: then there is nothing to compare with."""
    try:
        command = [*_WORKER, str(seed), "1", "engine"]
        alone = subprocess.run(command, env=environment, cwd=TESTS.parent, timeout=_PATIENCE, check=False).returncode
    except subprocess.TimeoutExpired:
        alone = -signal.SIGKILL
    refused = f"ONNX Runtime alone: {_how(alone)}" if alone < 0 else ""
    differences = [] if refused else [f"seed {seed}: {text}"]
    return {"end": seed, "compared": 0, "refused": refused, "differences": differences, "text": ""}


if __name__ == "__main__":
    sys.exit(main())
