"""What a bound run and a profile cost beside the driver's own calls: on the null driver, which computes nothing."""

from __future__ import annotations

import numpy as np

from benchmarks.binding import ANY_FILE
from benchmarks.figures import Figure
from benchmarks.native_library import NULL_DRIVER, Native
from benchmarks.timing import best_of, median_ns

RUNS = 5000


def main() -> None:
    """Reports three figures."""
    from hbm_runtime import HB_HBMRuntime  # noqa: PLC0415 (the driver's variable has to be set first)

    native = Native()
    native.load_driver(NULL_DRIVER)
    native.configure_null_driver("shape=16")
    runtime, never = HB_HBMRuntime(str(ANY_FILE)), HB_HBMRuntime(str(ANY_FILE))
    bound = runtime.bind("null")
    times = best_of(
        {
            "loop": lambda: native.driver_calls(ANY_FILE, RUNS, "bound"),
            "bound": lambda: median_ns(bound.run, RUNS),
        }
    )
    Figure(
        "bound run, above the driver's calls", (times["bound"] - times["loop"]) / 1e3, 2.5, "us", detail=times
    ).report()

    small = np.ones(16, np.float32)

    def profiled() -> float:
        with runtime.profile():
            return median_ns(lambda: runtime.run(small), RUNS)

    profiled()
    times = best_of(
        {
            "never": lambda: median_ns(lambda: never.run(small), RUNS),
            "on": profiled,
            "off": lambda: median_ns(lambda: runtime.run(small), RUNS),
        }
    )
    Figure(
        "profile that is recorded, for a request", (times["on"] - times["off"]) / 1e3, 5, "us", detail=times
    ).report()
    # Two medians of the same thing differ by this much.
    Figure(
        "profile that has ended, for a request", (times["off"] - times["never"]) / 1e3, 0.2, "us", detail=times
    ).report()


if __name__ == "__main__":
    main()
