"""Asynchronous requests, beside ONNX Runtime and OpenVINO doing the same: an identity model, sixteen floats."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import openvino  # type: ignore[import-untyped]

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.native_library import Native, engine_library
from benchmarks.timing import best_of, median_ns
from hbm_runtime import HB_HBMRuntime, driver_info

RUNS = 2000
X = np.ones(16, np.float32)


class OnnxRuntime:
    """ONNX Runtime's asynchronous call, which needs a second thread in its pool."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _start(self, done: Callable[[Any], object]) -> None:
        self._session.run_async(["y"], {"x": X}, lambda results, _data, _error: done(results), None)

    def round_trip(self) -> None:
        """Submits and waits, as its documentation shows it."""
        event = threading.Event()
        self._start(lambda _: event.set())
        event.wait()

    async def awaited(self) -> None:
        """The same for an event loop, as everybody has to write it."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._start(lambda results: loop.call_soon_threadsafe(future.set_result, results))
        await future


class OpenVino:
    """OpenVINO's requests, on one thread: one to wait for, and one with a callback."""

    def __init__(self, path: Path) -> None:
        compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_NUM_THREADS": 1})
        self._request = compiled.create_infer_request()
        self._calling = compiled.create_infer_request()

    def round_trip(self) -> None:
        """Submits and waits."""
        self._request.start_async({"x": X})
        self._request.wait()
        self._request.get_output_tensor(0)

    async def awaited(self) -> None:
        """The same for an event loop."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._calling.set_callback(lambda _data: loop.call_soon_threadsafe(future.set_result, None), None)
        self._calling.start_async({"x": X})
        await future
        self._calling.wait()


def awaited_ns(call: Callable[[], Awaitable[object]]) -> float:
    """The median of awaited calls in one event loop, nanoseconds."""

    async def loop() -> float:
        samples = []
        for _ in range(RUNS):
            begin = time.perf_counter_ns()
            await call()
            samples.append(time.perf_counter_ns() - begin)
        return statistics.median(samples)

    return asyncio.run(loop())


def main() -> None:
    """Reports two figures, each with the same of the other runtimes beside it."""
    native = Native()
    native.load_driver(Path(driver_info()["dnn_path"]).parent)
    native.set_engine_path(str(Path(engine_library()).parent))
    path = models.written("identity", models.identity)
    runtime, ort, ov = HB_HBMRuntime(str(path)), OnnxRuntime(path), OpenVino(path)

    async def awaited() -> object:
        return await runtime.run_async(X)

    times = best_of(
        {
            "ping_pong": lambda: native.ping_pong(RUNS),
            "engine": lambda: native.engine_calls(path, RUNS),
            "ours": lambda: median_ns(lambda: runtime.run_async(X).result(), RUNS),
            "onnxruntime": lambda: median_ns(ort.round_trip, RUNS),
            "openvino": lambda: median_ns(ov.round_trip, RUNS),
            "ours_awaited": lambda: awaited_ns(awaited),
            "onnxruntime_awaited": lambda: awaited_ns(ort.awaited),
            "openvino_awaited": lambda: awaited_ns(ov.awaited),
        }
    )
    yardstick = times["ping_pong"] + times["engine"]
    for name, way, bound in (("submit to result", "", 25), ("await", "_awaited", 60)):
        above = {who: (times[who + way] - yardstick) / 1e3 for who in ("ours", "onnxruntime", "openvino")}
        Figure(f"{name}, above ping-pong and engine", above["ours"], bound, "us", detail=times).report()
        for who, title in (("onnxruntime", "ONNX Runtime"), ("openvino", "OpenVINO")):
            Figure(f"  the same with {title}", above[who], bound, "us", gate=False).report()


if __name__ == "__main__":
    main()
