"""How long a call keeps other Python threads from running, at most: on the null driver, which computes nothing.

The lock is released while inputs are copied and while the device works. What is measured here is more than the time
with the lock, by that of the driver's own calls, which is next to nothing here: the whole of `run()`; for `run_async()`
the whole of the call, waking the thread that ends it included, and of `result()` when it has ended.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.native_library import NULL_DRIVER, Native
from benchmarks.timing import best_of, median_ns

ANY_FILE = NULL_DRIVER / "libdnn.so"  # the null driver reads no file
TENSORS = (1, 8, 32)
"""Inputs, and as many outputs."""
RUNS = 2000


def bound_us(tensors: int) -> float:
    """What is promised for a call with so many inputs and outputs together."""
    return 20 + 2 * tensors


def request_ns(runtime: Any, inputs: dict[str, Any], count: int) -> float:
    """The median over requests of what their calls take while the device does not work."""
    calls: list[int] = []
    clock = time.perf_counter_ns
    for _ in range(count):
        begin = clock()
        request = runtime.run_async(inputs)
        started = clock()
        request.wait()
        ended = clock()
        request.result()
        calls.append(started - begin + clock() - ended)
    return statistics.median(calls)


def main() -> None:
    """Reports three figures for each number of tensors."""
    from hbm_runtime import HB_HBMRuntime  # noqa: PLC0415 (the driver's variable has to be set first)

    native = Native()
    native.load_driver(NULL_DRIVER)
    for count in TENSORS:
        native.configure_null_driver(f"shape=16 inputs={count} outputs={count}")
        runtime = HB_HBMRuntime(str(ANY_FILE))
        name = runtime.model_names[0]
        inputs = {tensor: np.ones(16, np.float32) for tensor in runtime.input_names[name]}
        bound = runtime.bind(name)
        calls: dict[str, Callable[[], Any]] = {
            "run()": lambda runtime=runtime, inputs=inputs: runtime.run(inputs),  # type: ignore[misc]
            "bound run()": bound.run,
        }
        times = best_of(
            {
                **{text: lambda call=call: median_ns(call, RUNS) for text, call in calls.items()},  # type: ignore[misc]
                "run_async()": lambda runtime=runtime, inputs=inputs: request_ns(  # type: ignore[misc]
                    runtime, inputs, RUNS
                ),
            }
        )
        for text, nanoseconds in times.items():
            title = f"GIL held by {text}, {2 * count} tensors, at most"
            Figure(title, nanoseconds / 1e3, bound_us(2 * count), "us", detail=times).report()


if __name__ == "__main__":
    main()
