"""Python threads: how two of them scale, and what a third one notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.latency import session
from benchmarks.timing import best_of
from hbm_runtime import HB_HBMRuntime

SECONDS = 2.0
SIZE = 280  # about 50 ms on one core


def rate(work: Callable[[], object], count: int, seconds: float = SECONDS) -> float:
    """Calls per second of `count` threads together."""
    rates: list[float] = []
    barrier = threading.Barrier(count)

    def loop() -> None:
        work()
        barrier.wait()
        begin = time.perf_counter()
        done = 0
        while time.perf_counter() - begin < seconds:
            work()
            done += 1
        rates.append(done / (time.perf_counter() - begin))

    threads = [threading.Thread(target=loop) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)


def stall_ms(seconds: float) -> float:
    """99th percentile of how much later than asked a sleeping thread goes on, milliseconds."""
    late = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        time.sleep(0.001)
        late.append((time.perf_counter() - begin - 0.001) * 1e3)
    return float(np.percentile(late, 99))


def stall_beside(work: Callable[[], object]) -> float:
    """The same while another thread computes."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=loop)
    thread.start()
    value = stall_ms(SECONDS)
    stop.set()
    thread.join()
    return value


def main() -> None:
    """Reports two figures."""
    path = models.written(f"resnet18_{SIZE}", lambda: models.resnet18(SIZE))
    image = {"image": np.ones((1, 3, SIZE, SIZE), np.float32)}
    runtime, reference = HB_HBMRuntime(str(path)), session(path)

    def ours() -> object:
        return runtime.run(image)

    def theirs() -> object:
        return reference.run(None, image)

    rates = best_of(
        {
            "ours_1": lambda: rate(ours, 1),
            "onnxruntime_1": lambda: rate(theirs, 1),
            "ours_2": lambda: rate(ours, 2),
            "onnxruntime_2": lambda: rate(theirs, 2),
        },
        best=max,
    )
    value = (rates["ours_2"] / rates["ours_1"]) / (rates["onnxruntime_2"] / rates["onnxruntime_1"])
    Figure("two Python threads, ratio in ONNX Runtime's", value, 0.95, "x", at_least=True, detail=rates).report()

    stalls = best_of({"idle": lambda: stall_ms(SECONDS), "beside": lambda: stall_beside(ours)})
    value = stalls["beside"] - stalls["idle"]
    Figure("p99 stall of another thread, above idle", value, 1, "ms", detail=stalls).report()


if __name__ == "__main__":
    main()
