"""Everything at once while the driver fails: ``PYTHONPATH=tests python -m mixed_load [--minutes N] [--seed S]``.

In rounds of some seconds, threads run, cancel, queue, bind, load and reload while faults come and go. After each round
the process must hold what it held before: tasks, models, blocks of memory, threads and descriptors.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import itertools
import logging
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mixed_load.operations import FAULTS, OPERATIONS, Place
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, HbmError
from hbm_runtime.testing import faults, live

_THREADS = 4
_HANGS_AFTER = 120
_ONE_FOR_ALL = ("hbm-completion", "hbm-timer", "hbm-retry", "hbm-python")
"""Threads of the process that begin when they are needed and stay."""


@dataclass
class Counts:
    """What has happened so far."""

    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        errors = ", ".join(f"{count} {name}" for name, count in self.errors.most_common())
        return f"{self.done.total()} operations ({errors or 'no errors'}), {len(self.findings)} findings"


def held() -> dict[str, object]:
    """What this process holds; of the threads that stay, that there is at most one."""
    driver = live()
    tasks = Path("/proc/self/task")
    names = Counter[str]()
    for task in tasks.iterdir():
        with suppress(OSError):  # it has just ended
            names[(task / "comm").read_text().strip()] += 1
    single = {name: names.pop(name, 0) > 1 for name in _ONE_FOR_ALL}
    return {
        "tasks": driver.tasks,
        "models": driver.packed_models,
        "blocks": driver.allocations,
        "bytes": driver.allocated_bytes,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": dict(names),
        "more than one": [name for name, many in single.items() if many],
    }


def settled(before: dict[str, object] | None, seconds: float = 15.0) -> dict[str, object]:
    """What is held after everything had time to end."""
    end = time.monotonic() + seconds
    while True:
        gc.collect()
        now = held()
        calm = now == before if before is not None else now["tasks"] == now["models"] == now["blocks"] == 0
        if calm or time.monotonic() > end:
            return now
        time.sleep(0.01)


def work(place: Place, end: float, counts: Counts, lock: threading.Lock) -> None:
    """One thread's operations of a round."""
    while time.monotonic() < end:
        operation = place.chance.choice(OPERATIONS)
        try:
            operation(place)
            ended = ""
        except HbmError as error:
            ended = type(error).__name__
        except BaseException as error:
            ended = type(error).__name__
            with lock:
                counts.findings.append(f"{operation.__name__}: {ended}: {error}")
        with lock:
            counts.done[operation.__name__] += 1
            if ended:
                counts.errors[ended] += 1


def trouble(chance: random.Random, end: float) -> None:
    """Lets faults come and go; a task that hangs goes on when its fault has gone."""
    while time.monotonic() < end:
        spec = "; ".join(chance.choice(FAULTS).format(n=chance.randint(1, 6)) for _ in range(chance.choice((1, 1, 2))))
        with faults(spec):
            time.sleep(chance.choice((0.005, 0.02, 0.1)))
        time.sleep(0.01)


def a_round(models: ModelFactory, seed: str, seconds: float, counts: Counts) -> None:
    """Opens, works, closes."""
    paths = [str(models.scaled(2)), str(models.scaled(3))]
    lock = threading.Lock()
    end = time.monotonic() + seconds
    with HB_HBMRuntime(paths[0]) as single, HB_HBMRuntime(paths) as several:
        places = [Place(single, several, Path(paths[1]), random.Random(f"{seed}-{i}")) for i in range(_THREADS)]
        threads = [threading.Thread(target=work, args=(place, end, counts, lock)) for place in places]
        threads.append(threading.Thread(target=trouble, args=(random.Random(seed), end)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main() -> int:
    """Runs; 0 when everything came back and every number was right."""
    parser = argparse.ArgumentParser(prog="./build.sh load", description="A mixed load while the driver fails.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--round", type=float, default=10.0, help="seconds of a round; default: 10")
    given = parser.parse_args()
    faulthandler.enable()
    for name in ("hbm_runtime", "concurrent.futures", "asyncio"):
        logging.getLogger(name).disabled = True
    counts, end, reported = Counts(), time.monotonic() + 60 * given.minutes, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        models = ModelFactory(Path(folder))
        before: dict[str, object] | None = None
        for number in itertools.count():
            faulthandler.dump_traceback_later(given.round + _HANGS_AFTER, exit=True)
            a_round(models, f"{given.seed}-{number}", given.round, counts)
            now = settled(before)
            if before is not None and now != before:
                differences = [f"{key} {before[key]} -> {now[key]}" for key in now if now[key] != before[key]]
                counts.findings.append(f"round {number} leaves: {'; '.join(differences)}")
            before = now
            if time.monotonic() - reported > 60 or time.monotonic() > end:
                reported = time.monotonic()
                sys.stdout.write(f"{number + 1} rounds, {counts}\n")
                sys.stdout.flush()
            if time.monotonic() > end:
                break
    for finding in counts.findings[:50]:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"held at the end: {before}\n")
    return 1 if counts.findings else 0


if __name__ == "__main__":
    sys.exit(main())
