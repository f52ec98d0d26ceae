"""The C++ side of the benchmarks, and where drivers and engine are."""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
NULL_DRIVER = BUILD / "tests" / "drivers" / "null"


def engine_library() -> str:
    """ONNX Runtime's shared library in this environment."""
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the benchmarks need onnxruntime")
    return str(next(Path(spec.submodule_search_locations[0]).glob("capi/libonnxruntime.so.*")))


class Native:
    """Functions of the benchmark library; times in nanoseconds, rates per second."""

    def __init__(self) -> None:
        path = BUILD / "benchmarks" / "libhbm_bench.so"
        if not path.exists():
            raise SystemExit(f"{path} is missing; `./build.sh bench` builds it")
        self._library = ctypes.CDLL(str(path))
        for name in (
            "benchDriverCalls",
            "benchPingPong",
            "benchEngineCalls",
            "benchEngineThroughput",
            "benchDriverThroughput",
        ):
            getattr(self._library, name).restype = ctypes.c_double

    def load_driver(self, directory: Path) -> None:
        """Chooses the driver of the C++ side."""
        self._check(self._library.benchLoadDriver(str(directory).encode()))

    def set_engine_path(self, path: str) -> None:
        """Sets the path of bpusim's engine."""
        self._check(self._library.benchSetEnginePath(path.encode()))

    def configure_null_driver(self, settings: str) -> None:
        """Settings of tests/drivers/README.md."""
        self._check(self._library.benchConfigureNullDriver(settings.encode()))

    def driver_calls(self, path: Path, rounds: int, key: str = "") -> float:
        """Median of one inference through the C ABI."""
        return self._time(self._library.benchDriverCalls(str(path).encode(), key.encode(), ctypes.c_size_t(rounds)))

    def ping_pong(self, rounds: int) -> float:
        """Median round trip of two threads by condition variables."""
        return self._time(self._library.benchPingPong(ctypes.c_size_t(rounds)))

    def engine_calls(self, path: Path, rounds: int) -> float:
        """Median of one inference by the engine itself."""
        return self._time(
            self._library.benchEngineCalls(engine_library().encode(), str(path).encode(), ctypes.c_size_t(rounds))
        )

    def engine_throughput(self, path: Path, threads: int, seconds: float) -> float:
        """Inferences per second of the engine itself."""
        return self._time(
            self._library.benchEngineThroughput(
                engine_library().encode(), str(path).encode(), ctypes.c_size_t(threads), ctypes.c_double(seconds)
            )
        )

    def driver_throughput(self, path: Path, cores: int, seconds: float) -> float:
        """Inferences per second through the C ABI, one task in flight on each core."""
        return self._time(
            self._library.benchDriverThroughput(str(path).encode(), ctypes.c_size_t(cores), ctypes.c_double(seconds))
        )

    @staticmethod
    def _check(status: int) -> None:
        if status != 0:
            raise SystemExit("the benchmark library failed")

    @staticmethod
    def _time(value: float) -> float:
        if value < 0:
            raise SystemExit("the benchmark library failed")
        return value
