"""What a run() costs beside the driver's own calls: on the null driver, which computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.native_library import NULL_DRIVER, Native
from benchmarks.timing import best_of, median_ns

ANY_FILE = NULL_DRIVER / "libdnn.so"  # the null driver reads no file


def main() -> None:
    """Reports three figures."""
    from hbm_runtime import HB_HBMRuntime  # noqa: PLC0415 (the driver's variable has to be set first)

    native = Native()
    native.load_driver(NULL_DRIVER)

    native.configure_null_driver("shape=16")
    runtime = HB_HBMRuntime(str(ANY_FILE))
    small = np.ones(16, np.float32)
    keywords: dict[str, Any] = {
        "priority": {"null": 5},
        "bpu_cores": {"null": [0]},
        "custom_id": {"null": 7},
        "device_id": {"null": 0},
    }
    times = best_of(
        {
            "loop": lambda: native.driver_calls(ANY_FILE, 5000, "small"),
            "run": lambda: median_ns(lambda: runtime.run(small), 5000),
            "keywords": lambda: median_ns(lambda: runtime.run(small, **keywords), 5000),
        }
    )
    Figure(
        "run(), 64 bytes, above the driver's calls", (times["run"] - times["loop"]) / 1e3, 6, "us", detail=times
    ).report()
    Figure(
        "run() with four keywords, above the driver's calls",
        (times["keywords"] - times["loop"]) / 1e3,
        8,
        "us",
        detail=times,
    ).report()

    native.configure_null_driver("shape=1x3x640x640")
    runtime = HB_HBMRuntime(str(ANY_FILE))
    image = np.ones((1, 3, 640, 640), np.float32)
    target = np.empty_like(image)
    times = best_of(
        {
            "loop": lambda: native.driver_calls(ANY_FILE, 200, "large"),
            "run": lambda: median_ns(lambda: runtime.run(image), 200),
            "copyto": lambda: median_ns(lambda: np.copyto(target, image), 200),
        }
    )
    value = (times["run"] - times["loop"]) / times["copyto"]
    Figure("run(), 4.9 MB, above the driver's calls, in numpy.copyto", value, 1.15, "x", detail=times).report()


if __name__ == "__main__":
    main()
