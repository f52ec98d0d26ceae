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


class Rounds:
    """Durations of several calls, taken in turn in blocks: what disturbs the machine for a while disturbs all of them.

    A block begins with calls that are not counted, after which caches hold what this call needs.
    """

    def __init__(self, calls: Mapping[str, Callable[[], object]], block: int, seconds: float) -> None:
        """Measures.

        Args:
            calls: What is measured, by name.
            block: Counted calls in a row.
            seconds: How long all of it takes; at least five rounds.
        """
        self._medians: dict[str, list[float]] = {name: [] for name in calls}
        end = time.perf_counter() + seconds
        rounds = 0
        while rounds < ROUNDS or time.perf_counter() < end:
            for name, call in calls.items():
                for _ in range(max(2, block // 10)):
                    call()
                self._medians[name].append(median_ns(call, block))
            rounds += 1

    def ratio(self, name: str, base: str) -> float:
        """The median, over the rounds, of one call's median in another's."""
        pairs = zip(self._medians[name], self._medians[base], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def more(self, name: str, base: str) -> float:
        """The same of the difference, in nanoseconds."""
        pairs = zip(self._medians[name], self._medians[base], strict=True)
        return statistics.median(one - other for one, other in pairs)

    def medians(self) -> dict[str, float]:
        """The median of the medians of each call, in nanoseconds."""
        return {name: statistics.median(each) for name, each in self._medians.items()}
