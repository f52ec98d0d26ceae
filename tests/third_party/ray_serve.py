"""Two replicas under Ray Serve, asked by Triton's clients while they are replaced; run where Ray is installed.

``python ray_serve.py MODEL``: a file with the model times_2.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import ray
import tritonclient.grpc
import tritonclient.http
from ray import serve

from hbm_runtime import connect
from hbm_runtime.serving.ray import application

X = np.arange(6, dtype=np.float32).reshape(2, 3)
SECONDS = 20


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _asked(protocol: str, address: str, ended: Callable[[], bool], counts: list[int]) -> None:
    module = {"http": tritonclient.http, "grpc": tritonclient.grpc}[protocol]
    tensor = module.InferInput("x", [2, 3], "FP32")
    tensor.set_data_from_numpy(X)
    client = module.InferenceServerClient(address)
    while not ended():
        np.testing.assert_array_equal(client.infer("times_2", [tensor]).as_numpy("y"), 2 * X)
        counts.append(1)
    client.close()


def main(model: str) -> None:
    """Starts, asks, replaces."""
    http, grpc = _free_port(), _free_port()
    arguments = {"files": model, "replicas": "2", "cpus": "0.5"}
    ray.init(include_dashboard=False, log_to_driver=False)
    serve.start(
        http_options={"host": "127.0.0.1", "port": http},
        grpc_options={"port": grpc, "grpc_servicer_functions": ["hbm_runtime.serving.ray.add_servicer"]},
    )
    serve.run(application(arguments))
    counts: list[int] = []
    end = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=_asked, args=(protocol, f"127.0.0.1:{port}", lambda: time.monotonic() > end, counts))
        for protocol, port in (("http", http), ("grpc", grpc), ("http", http), ("grpc", grpc))
    ]
    failed: list[object] = []
    threading.excepthook = failed.append
    for thread in threads:
        thread.start()
    time.sleep(3)
    serve.run(application({**arguments, "name": "second"}))  # rolls: other arguments, new replicas
    for thread in threads:
        thread.join()
    for url in (f"http://127.0.0.1:{http}", f"grpc://127.0.0.1:{grpc}"):
        with connect(url) as runtime:
            np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)
    client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{grpc}")
    assert client.get_server_metadata().name == "second"
    serve.shutdown()
    ray.shutdown()
    assert not failed, failed
    print(f"{len(counts)} requests were answered right by two replicas, which were replaced meanwhile")


if __name__ == "__main__":
    main(sys.argv[1])
