"""How everything here is timed: interleaved, median of each round, best round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 5


def median_ns(call: Callable[[], object], count: int) -> float:
    """The median duration of a call in nanoseconds."""
    samples = []
    clock = time.perf_counter_ns
    for _ in range(count):
        begin = clock()
        call()
        samples.append(clock() - begin)
    return statistics.median(samples)


def best_of(
    measure: Mapping[str, Callable[[], float]], rounds: int = ROUNDS, best: Callable[..., float] = min
) -> dict[str, float]:
    """Calls the measurements in turn, `rounds` times, and gives the best value of each.

    What disturbs the machine for a while disturbs all of them, and the best round of each is the least disturbed one.
    """
    values: dict[str, list[float]] = {name: [] for name in measure}
    for _ in range(rounds):
        for name, take in measure.items():
            values[name].append(take())
    return {name: best(each) for name, each in values.items()}
