"""Prints how the points of each kind of call ended: ``PYTHONPATH=tests python -m exhaustion [--step N] [PART...]``.

The parts are "memory" (each allocation fails), "first calls" (each of a process that has not called before),
"interrupts" (Ctrl-C after each line), "limits" (cancelling, time-outs and deadlines at each stage) and "writes" (a file
ends at each byte).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from exhaustion import failures, files, forms  # noqa: F401 (they add to the scenarios)
from exhaustion.scenarios import SCENARIOS
from exhaustion.test_memory_runs_out import FIRST_CALLS, build_shim
from failing_writes.writers import WRITERS
from interrupts.test_ctrl_c import KINDS
from races.exhausted import EXHAUSTED
from races.scenarios import LIMITED
from support.model_factory import ModelFactory
from support.walks import walk

_HUNG = "Timeout"
"""What faulthandler writes when its time is over."""
_SECONDS = 3600


@dataclass
class Row:
    """How the points of one kind have ended."""

    tried: int = 0
    crashed: int = 0
    hung: int = 0
    leaked: int = 0
    wrong: int = 0

    @property
    def typed(self) -> int:
        """Those that ended with a typed error, or with the right result."""
        return self.tried - self.crashed - self.hung - self.leaked - self.wrong

    def note(self, line: dict[str, object]) -> None:
        """Counts what a walk prints."""
        self.tried += int(str(line.get("tried", 0)))
        said = str(line.get("said", ""))
        self.leaked += "left" in said
        self.wrong += bool(said) and "left" not in said


def walked(folder: str, *words: object, **environment: str) -> Row:
    """Runs one walk to its end, or to the point where its process ends."""
    done = walk(folder, *words, seconds=_SECONDS, **environment)
    row = Row()
    for line in done.stdout.splitlines():
        row.note(json.loads(line))
    if done.returncode != 0:
        hung = _HUNG in done.stderr
        row.tried, row.hung, row.crashed = row.tried + 1, row.hung + hung, row.crashed + (not hung)
        sys.stderr.write(done.stderr[-3000:])
    return row


def walks(models: ModelFactory, folder: Path, step: int) -> dict[str, dict[str, Callable[[], Row]]]:
    """By part and kind."""
    one, two, progress = models.scaled(2), models.scaled(3), folder / "progress"
    shim = build_shim(folder)

    def memory(name: str, folder: str = "exhaustion") -> Row:
        return walked(folder, shim, name, 1, step, 1, one, two, progress, LD_PRELOAD=str(shim))

    def write(name: str) -> Row:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            return walked("failing_writes", name, one, Path(own) / "written", 100_000 // step)

    def interrupt(name: str) -> Row:
        return walked("interrupts", name, 1, one, two, progress)

    def limit(name: str) -> Row:
        return walked("races", name, one, two, 60 // step)

    return {
        "memory": {name: partial(memory, name) for name in [*SCENARIOS, *EXHAUSTED]},
        "first calls": {name: partial(memory, name, "exhaustion/first_call") for name in FIRST_CALLS},
        "interrupts": {name: partial(interrupt, name) for name in KINDS},
        "limits": {name: partial(limit, name) for name in LIMITED},
        "writes": {name: partial(write, name) for name in WRITERS},
    }


def main() -> int:
    """Walks through all of them; 0 when every end was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m exhaustion", description="How the points of each kind end.")
    parser.add_argument("--step", type=int, default=1, help="try every N-th point only")
    parser.add_argument("parts", nargs="*", help="memory, interrupts, limits, writes; default: all")
    given = parser.parse_args()
    bad = 0
    sys.stdout.write(f"| part | kind | points | typed | crashed | hung | leaked | wrong |\n{'|---' * 8}|\n")
    with tempfile.TemporaryDirectory() as folder:
        for part, kinds in walks(ModelFactory(Path(folder) / "models"), Path(folder), given.step).items():
            for kind, begin in kinds.items() if not given.parts or part in given.parts else ():
                row = begin()
                bad += row.tried - row.typed
                figures = (row.tried, row.typed, row.crashed, row.hung, row.leaked, row.wrong)
                sys.stdout.write(f"| {part} | {kind.replace('_', ' ')} | {' | '.join(map(str, figures))} |\n")
                sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
