"""Four cameras at 30 Hz on one runtime: how old results are when the model is too slow for them."""

from __future__ import annotations

import threading
import time

import numpy as np

from benchmarks import models
from benchmarks.figures import Figure
from hbm_runtime import HB_HBMRuntime, InferQueue, QueueResult, _core

CAMERAS = 4
PERIOD = 1 / 30
SECONDS = 5.0
X = np.ones(16, np.float32)


def feed(queues: list[InferQueue]) -> None:
    """Lets every camera submit at its rate, each with its own phase, for a while."""

    def camera(number: int) -> None:
        due = time.monotonic() + number * PERIOD / CAMERAS
        for frame in range(int(SECONDS / PERIOD)):
            time.sleep(max(0.0, due - time.monotonic()))
            queues[number].submit(X, tag=(number, frame))
            due += PERIOD

    threads = [threading.Thread(target=camera, args=(number,)) for number in range(CAMERAS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(title: str, milliseconds: int, shared: bool) -> None:
    """Reports the oldest result and what is not accounted for.

    Args:
        title: The figures' title.
        milliseconds: What a run takes.
        shared: One queue for all cameras, else one for each.
    """
    _core.set_faults(f"task:delay={milliseconds}ms")
    runtime = HB_HBMRuntime(str(models.written("identity", models.identity)))
    ages: list[float] = []
    drops: list[object] = []

    def result(of: QueueResult) -> None:
        ages.append(of.age)

    def queue() -> InferQueue:
        return runtime.queue(
            "identity",
            policy="latest",
            on_result=result,
            on_drop=lambda tag, reason, _error: drops.append((tag, reason)),
        )

    queues = [queue()] * CAMERAS if shared else [queue() for _ in range(CAMERAS)]
    feed(queues)
    for each in queues:
        each.drain()
        each.close()
    submitted = CAMERAS * int(SECONDS / PERIOD)
    counted = sum(runtime.stats()["models"]["identity"]["dropped"].values())
    detail = {"results": float(len(ages)), "drops": float(len(drops)), "counted": float(counted)}
    Figure(f"{title}: oldest result", max(ages) / PERIOD, 2, "periods", detail=detail).report()
    lost = abs(submitted - len(ages) - len(drops)) + abs(counted - len(drops))
    Figure(f"{title}: not accounted for", lost, 0, detail=detail).report()


def main() -> None:
    """Reports four figures."""
    measure("4 cameras, a queue each, 30 ms a run", 30, shared=False)
    measure("4 cameras, one queue, 45 ms a run", 45, shared=True)


if __name__ == "__main__":
    main()
