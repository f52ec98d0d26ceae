"""Fuzzes operators' attributes and shapes: no graph may end the process that loads or runs it.

``./build.sh graphs [--minutes N] [--seed N] [--first N] [--graphs N] [OPERATOR...]`` prints each graph that ended its
process, and how the others ended. A seed and a number stand for one graph, which ``--seed S --first N --graphs 1``
repeats.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bad_graphs.graphs import case

_BATCH = 500


@dataclass
class Findings:
    """How the graphs ended."""

    ends: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many graphs were tried."""
        return self.ends.total() + len(self.crashes)


def try_range(seed: int, first: int, last: int, findings: Findings, only: list[str]) -> None:
    """Tries graphs in processes of their own; one that was ended is followed by another one."""
    while first < last:
        done = subprocess.run(
            [sys.executable, "-m", "bad_graphs.child", str(seed), str(first), str(last), *only],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines()
        whole = [line.split() for line in lines if " " in line]
        findings.ends.update(end for _, end in whole)
        if done.returncode == 0:
            return
        number = int(lines[-1]) if lines and " " not in lines[-1] else first + len(whole)
        findings.crashes.append(
            f"{seed} {number}: ended with {done.returncode}: {case(seed, number, frozenset(only)).text}"
        )
        if done.returncode > 0:
            findings.crashes[-1] += f"\n{done.stderr[-1500:]}"
        first = number + 1


def main() -> None:
    """Tries as many graphs as asked for."""
    summary = (__doc__ or "").split("\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog="./build.sh graphs", description=summary)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first graph")
    parser.add_argument("--graphs", type=int, help="how many; default: 6000, or as many as there is time for")
    parser.add_argument("--minutes", type=float, help="how long; default: until all are tried")
    parser.add_argument("operators", nargs="*", help="only these")
    given = parser.parse_args()
    findings, first, shown = Findings(), given.first, 0
    end = time.monotonic() + (math.inf if given.minutes is None else 60 * given.minutes)
    beyond = first + (given.graphs or (6000 if given.minutes is None else sys.maxsize))
    while first < beyond and time.monotonic() < end:
        last = min(first + _BATCH, beyond)
        try_range(given.seed, first, last, findings, given.operators)
        for crash in findings.crashes[shown:]:
            sys.stdout.write(f"{crash}\n")
        sys.stdout.flush()
        shown, first = len(findings.crashes), last
    ends = ", ".join(f"{count} {end}" for end, count in findings.ends.most_common())
    sys.stdout.write(f"{findings.tried} graphs: {ends}; {len(findings.crashes)} ended the process\n")
    sys.exit(1 if findings.crashes else 0)


if __name__ == "__main__":
    main()
