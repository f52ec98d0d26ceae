"""What serving costs: beside bare echo servers, in throughput with several clients, in memory, in profiles."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from benchmarks import models
from benchmarks.client_load import ClientLoad
from benchmarks.echo_servers import METHOD
from benchmarks.figures import Figure
from benchmarks.native_library import NULL_DRIVER
from benchmarks.timing import ROUNDS, Rounds, best_of, median_ns
from hbm_runtime import HB_HBMRuntime, connect
from hbm_runtime.serving.protocol.messages import SERVICE, message

SIZES = {"64 B": (16, 50), "614 kB": (153_600, 15), "4.9 MB": (1_228_800, 5)}
"""Elements, and calls in a row."""
MEGABYTE = 1 << 20
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@contextmanager
def _program(*words: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A child that serves until the block ends."""
    process = subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextmanager
def served(
    *paths: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """``hbm-runtime serve`` on free ports; its process, and what it said at its start."""
    command = ["-m", "hbm_runtime.cli", "serve", *map(str, paths), "--http=127.0.0.1:0", "--grpc=127.0.0.1:0"]
    with _program(*command, "--json", "--max_message_bytes=100000000", environment=environment) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            text += process.stdout.readline()
        yield process, json.loads(text)


def _identity(count: int) -> Path:
    return models.written(f"identity_{count}", lambda: models.identity(count))


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _grpc_call(port: int, method: str, data: bytes) -> Callable[[], object]:
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED)
    call = channel.unary_unary(method)
    return lambda: call(data)


def _http_call(port: int, path: str, data: bytes, headers: dict[str, str]) -> Callable[[], object]:
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def call() -> object:
        connection.request("POST", path, data, headers)
        return connection.getresponse().read()

    return call


def _requests(model: str, array: Any, name: str = "x") -> tuple[bytes, bytes, dict[str, str]]:
    """The request of both protocols, and the headers of HTTP."""
    request = message("ModelInferRequest")(model_name=model, raw_input_contents=[array.tobytes()])
    request.inputs.add(name=name, datatype="FP32", shape=array.shape)
    tensor = {"name": name, "datatype": "FP32", "shape": array.shape, "parameters": {"binary_data_size": array.nbytes}}
    header = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(header))}
    return request.SerializeToString(), header + array.tobytes(), headers


def beside_echoes() -> None:
    """A call to a model of the null driver, which does nothing, beside the same bytes through a bare server."""
    with _program("-m", "benchmarks.echo_servers") as echo:
        assert echo.stdout is not None
        grpc_echo, http_echo = map(int, echo.stdout.readline().split())
        for name, (count, block) in SIZES.items():
            null = {"HBM_RUNTIME_DRIVER": str(NULL_DRIVER), "HBM_TEST_DRIVER": f"shape={count}"}
            with served(NULL_DRIVER / "libdnn.so", environment=null) as (_, said):
                data, body, headers = _requests("null", np.ones(count, np.float32), "data")
                calls: dict[str, Callable[[], object]] = {
                    "grpc": _grpc_call(_port(said["grpc"]), f"/{SERVICE}/ModelInfer", data),
                    "grpc echo": _grpc_call(grpc_echo, METHOD, data),
                    "http": _http_call(_port(said["http"]), "/v2/models/null/infer", body, headers),
                    "http echo": _http_call(http_echo, "/", body, headers),
                }
                rounds = Rounds(calls, block, seconds=8)
            for protocol in ("grpc", "http"):
                title, bare, detail = f"{protocol}, {name}, beside an echo", f"{protocol} echo", rounds.medians()
                if name == "64 B":
                    Figure(f"{title}: more", rounds.more(protocol, bare) / 1e3, 150, "us", detail=detail).report()
                else:
                    Figure(title, rounds.ratio(protocol, bare), 1.25, "x", detail=detail).report()


def in_shared_memory() -> None:
    """4.9 MB through shared memory, less 1 ms, in the local run."""
    path = _identity(SIZES["4.9 MB"][0])
    array = np.ones(SIZES["4.9 MB"][0], np.float32)
    runtime = HB_HBMRuntime(str(path))
    with served(path) as (_, said), connect(said["grpc"], shared_memory=True) as remote:
        rounds = Rounds({"run": lambda: runtime.run(array), "remote": lambda: remote.run(array)}, 10, seconds=5)
    times = rounds.medians()
    Figure("shared memory, 4.9 MB, less 1 ms, in run()", (times["remote"] - 1e6) / times["run"], 1.5, "x",
           detail=times).report()  # fmt: skip


_SLOW_NS = 10e6


def _slow_model() -> tuple[Path, Any]:
    """A model that takes about 10 ms with one thread, on whatever processor this is, and its input."""
    rows, size, tried = 32, 512, 20
    array = np.ones((rows, size), np.float32)

    def of(count: int) -> Path:
        return models.written(f"chain_{rows}_{size}_{count}", lambda: models.chain(rows, size, count))

    runtime = HB_HBMRuntime(str(of(tried)), threads=1)
    return of(round(tried * _SLOW_NS / median_ns(lambda: runtime.run(array), 50))), array


def with_several_clients() -> None:
    """Throughput of two clients in that of one; 32 clients lose nothing, and wait their fair time.

    A run occupies one core, as on a board. By default bpusim lets an inference that is alone have all processors, so a
    single client would leave nothing for a second one.
    """
    path, array = _slow_model()
    data, _, _ = _requests(path.stem, array)
    with served(path, environment={"BPUSIM_THREADS": "1"}) as (_, said):

        def answered(clients: int, seconds: float) -> ClientLoad:
            return ClientLoad.of(
                lambda: _grpc_call(_port(said["grpc"]), f"/{SERVICE}/ModelInfer", data), clients, seconds
            )

        answered(2, 0.5)
        pairs = [tuple(len(answered(clients, 1).durations) for clients in (1, 2)) for _ in range(ROUNDS)]
        gain = statistics.median(two / one for one, two in pairs)
        one, two = (statistics.median(each) for each in zip(*pairs, strict=True))
        Figure("two clients over one", gain, 1.8, "x", at_least=True, detail={"one": one, "two": two}).report()
        seconds = 5
        many = answered(32, seconds)
        Figure("32 clients: requests lost", many.lost, 0).report()
        p99 = statistics.quantiles(many.durations, n=100)[98]
        ideal = 32 * seconds / len(many.durations)
        Figure("32 clients: p99 in the ideal time in the queue", p99 / ideal, 4, "x").report()


def _resident(process: subprocess.Popen[str]) -> int:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096


def of_memory(requests: int = 100_000) -> None:
    """Resident memory of an idle server, and what many requests add."""
    null = {"HBM_RUNTIME_DRIVER": str(NULL_DRIVER)}
    with served(NULL_DRIVER / "libdnn.so", environment=null) as (process, _):
        Figure("idle server", _resident(process) / MEGABYTE, 80, "MB").report()
    path = _identity(16)
    data, body, headers = _requests(path.stem, np.ones(16, np.float32))
    with served(path) as (process, said):
        Figure("idle server with bpusim and its engine", _resident(process) / MEGABYTE, 110, "MB").report()
        calls = [
            _grpc_call(_port(said["grpc"]), f"/{SERVICE}/ModelInfer", data),
            _http_call(_port(said["http"]), f"/v2/models/{path.stem}/infer", body, headers),
        ]
        _repeated(calls, requests // 10)
        before = _resident(process)
        _repeated(calls, requests)
        Figure(f"growth over {requests} requests", (_resident(process) - before) / MEGABYTE, 1, "MB").report()


def _repeated(calls: Sequence[Callable[[], object]], count: int) -> None:
    """Makes so many calls, each kind on a thread."""

    def work(call: Callable[[], object]) -> None:
        for _ in range(count // len(calls)):
            call()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(work, calls))


def of_connections() -> None:
    """A run of `connect()` beside the bare gRPC or HTTP call with the same bytes, and how long connecting takes."""
    path = _identity(16)
    array = np.ones(16, np.float32)
    data, body, headers = _requests(path.stem, array)
    with served(path) as (_, said):
        bare = {
            "grpc": _grpc_call(_port(said["grpc"]), f"/{SERVICE}/ModelInfer", data),
            "http": _http_call(_port(said["http"]), f"/v2/models/{path.stem}/infer", body, headers),
        }
        for protocol, call in bare.items():
            with connect(said[protocol]) as remote:
                rounds = Rounds({"connect": partial(remote.run, array), "bare": call}, 50, seconds=3)
            Figure(f"run() of connect(), {protocol}, 64 B, beside a bare client: more",
                   rounds.more("connect", "bare") / 1e3, 250, "us", detail=rounds.medians()).report()  # fmt: skip
            seconds = best_of({"connecting": partial(_connecting_ns, said[protocol])})["connecting"] / 1e9
            Figure(f"connect(), {protocol}", seconds * 1e3, 100, "ms").report()


def _connecting_ns(url: str) -> float:
    return median_ns(lambda: connect(url).close(), 5)


def of_imports() -> None:
    """What ``import hbm_runtime`` costs beside ``import numpy``, where serving is installed but not used."""

    def seconds(module: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        return time.perf_counter() - begin

    times = {module: min(seconds(module) for _ in range(7)) for module in ("hbm_runtime", "numpy")}
    Figure("import hbm_runtime in import numpy", times["hbm_runtime"] / times["numpy"], 2, "x", detail=times).report()


def of_profiles() -> None:
    """A profile of a remote call of about a millisecond, in the call without."""
    path = models.written("chain_200_200_1", lambda: models.chain(200, 200))
    array = np.ones((200, 200), np.float32)
    with served(path) as (_, said), connect(said["grpc"], shared_memory=False) as remote:

        def profiled() -> object:
            with remote.profile():
                return remote.run(array)

        rounds = Rounds({"plain": lambda: remote.run(array), "profiled": profiled}, 25, seconds=8)
    Figure("a profiled remote call in a plain one", rounds.ratio("profiled", "plain"), 1.1, "x",
           detail=rounds.medians()).report()  # fmt: skip


def main() -> None:
    """Reports all figures."""
    beside_echoes()
    in_shared_memory()
    with_several_clients()
    of_connections()
    of_profiles()
    of_imports()
    of_memory()


if __name__ == "__main__":
    main()
