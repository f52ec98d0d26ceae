"""A hundred thousand requests that nobody waits for: what they leave behind."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.steady import resident_kib
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.testing import live

REQUESTS = 100_000
IN_FLIGHT = 64
X = np.ones(16, np.float32)


def fail(_request: Any) -> None:
    """A callback with a mistake."""
    raise LookupError


def dropped(runtime: HB_HBMRuntime) -> None:
    """Lets go of the request at once."""
    runtime.run_async(X)


def cancelled(runtime: HB_HBMRuntime) -> None:
    """Takes it back, or lets go of it where it runs already."""
    request = runtime.run_async(X)
    if not request.cancel():
        request.abandon()


def raising(runtime: HB_HBMRuntime) -> None:
    """Its callback raises."""
    runtime.run_async(X).add_done_callback(fail)


def settle(runtime: HB_HBMRuntime) -> None:
    """Waits until nothing is under way and all callbacks have been called."""
    deadline = time.monotonic() + 60
    while (live().tasks or runtime.stats()["models"]["identity"]["running"]) and time.monotonic() < deadline:
        time.sleep(0.001)
    called = threading.Event()  # callbacks are called in order: those before this one have been
    runtime.run_async(X).add_done_callback(lambda _: called.set())
    called.wait()
    gc.collect()


def growth(runtime: HB_HBMRuntime, misuse: Callable[[HB_HBMRuntime], None], count: int) -> float:
    """KiB that so many requests leave behind."""
    settle(runtime)
    before = resident_kib()
    for number in range(count):
        misuse(runtime)
        if number % IN_FLIGHT == IN_FLIGHT - 1:
            settle(runtime)
    settle(runtime)
    return resident_kib() - before


def main() -> None:
    """Reports six figures."""
    for name in ("hbm_runtime", "concurrent.futures"):
        logging.getLogger(name).disabled = True
    runtime = HB_HBMRuntime(str(models.written("identity", models.identity)))
    for misuse, name in ((dropped, "dropped"), (cancelled, "cancelled"), (raising, "with raising callbacks")):
        growth(runtime, misuse, REQUESTS // 10)  # pools and allocators reach their size
        held = live()
        value = growth(runtime, misuse, REQUESTS)
        # What an allocator keeps between two moments; a leak of one byte a request would be 98 KiB.
        Figure(f"{REQUESTS} requests {name}: growth", value, 64, "KiB").report()
        left = live()
        Figure(
            f"{REQUESTS} requests {name}: handles and blocks left",
            (left.tasks - held.tasks) + (left.allocations - held.allocations),
            0,
        ).report()


if __name__ == "__main__":
    main()
