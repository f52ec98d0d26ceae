"""What bpusim's C ABI costs beside the engine's own call, and how two cores scale."""

from __future__ import annotations

from pathlib import Path

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.native_library import Native, engine_library
from benchmarks.timing import best_of


def main() -> None:
    """Reports two figures."""
    import hbm_runtime  # noqa: PLC0415

    native = Native()
    native.load_driver(Path(hbm_runtime.driver_info()["dnn_path"]).parent)
    native.set_engine_path(str(Path(engine_library()).parent))

    path = models.written("identity", models.identity)
    times = best_of(
        {
            "driver": lambda: native.driver_calls(path, 2000),
            "ping_pong": lambda: native.ping_pong(2000),
            "engine": lambda: native.engine_calls(path, 2000),
        }
    )
    value = (times["driver"] - times["ping_pong"] - times["engine"]) / 1e3
    Figure("identity through the C ABI, above ping-pong and engine", value, 10, "us", detail=times).report()

    path = models.written("resnet18_112", lambda: models.resnet18(112))
    rates = best_of(
        {
            "engine_1": lambda: native.engine_throughput(path, 1, 1),
            "driver_1": lambda: native.driver_throughput(path, 1, 1),
            "engine_2": lambda: native.engine_throughput(path, 2, 1),
            "driver_2": lambda: native.driver_throughput(path, 2, 1),
        },
        best=max,
    )
    value = (rates["driver_2"] / rates["driver_1"]) / (rates["engine_2"] / rates["engine_1"])
    Figure("two cores, throughput ratio against the engine's", value, 0.95, "x", at_least=True, detail=rates).report()


if __name__ == "__main__":
    main()
