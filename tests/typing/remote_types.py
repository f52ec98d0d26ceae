"""The types that users' code sees of remote runtimes. Checked, never run."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

from hbm_runtime import (
    Benchmark,
    Device,
    HbmError,
    HbmNetworkError,
    HbmRemoteError,
    HostInfo,
    Profile,
    QuantParams,
    RemoteModel,
    RemoteProfile,
    RemoteRequest,
    RemoteRequestInfo,
    RemoteRuntime,
    SchedParam,
    connect,
    hbDNNDataType,
)

Arrays = dict[str, NDArray[Any]]
frame: NDArray[np.float32] = np.ones((2, 3), np.float32)

with connect("http://127.0.0.1:8000") as runtime:
    assert_type(runtime, RemoteRuntime)
    assert_type(runtime.run(frame), dict[str, Arrays])

remote = connect(
    "grpcs://a:8001,b:8001",
    token=Path("token"),
    ca="ca.pem",
    cert="client.pem",
    key="client.key",
    compression="gzip",
    shared_memory=False,
    timeout=5.0,
    models=["m"],
    idempotent=True,
)
assert_type(remote.run({"x": frame}, "m", timeout=1.0, idempotent=False), dict[str, Arrays])
assert_type(remote.run(input_tensor=frame, priority={"m": 3}, output_names=["y"]), dict[str, Arrays])

request = remote.run_async({"x": frame}, model_name="m", deadline=5.0)
assert_type(request, RemoteRequest)
future: concurrent.futures.Future[Any] = request
assert_type(request.result(1.0), dict[str, Arrays])
assert_type(request.exception(), BaseException | None)
assert_type(request.status, str)
assert_type(request.wait(0.5), bool)
assert_type(request.done() or request.running() or request.cancelled() or request.cancel(), bool)
request.abandon()
request.add_done_callback(print)
info = request.info
if isinstance(info, RemoteRequestInfo):
    assert_type(info.model + info.server, str)
    assert_type(info.enqueue_ns + info.done_ns + info.queue_ns + info.copy_ns + info.run_ns + info.frame_id, int)
    assert_type(info.bpu_cores, tuple[int, ...])


async def answers() -> Arrays:
    return (await remote.run_async(frame))["m"]


assert_type(remote.model_names, list[str])
assert_type(remote.model_count, int)
assert_type(remote.model_descs, dict[str, str])
assert_type(remote.hbm_descs, dict[str, str])
assert_type(remote.compile_bpu_core_num, dict[str, int])
assert_type(remote.input_counts, dict[str, int])
assert_type(remote.output_counts, dict[str, int])
assert_type(remote.input_names, dict[str, list[str]])
assert_type(remote.output_names, dict[str, list[str]])
assert_type(remote.input_descs, dict[str, dict[str, str]])
assert_type(remote.output_descs, dict[str, dict[str, str]])
assert_type(remote.input_dtypes, dict[str, dict[str, hbDNNDataType]])
assert_type(remote.output_dtypes, dict[str, dict[str, hbDNNDataType]])
assert_type(remote.input_shapes, dict[str, dict[str, list[int]]])
assert_type(remote.output_shapes, dict[str, dict[str, list[int]]])
assert_type(remote.input_strides, dict[str, dict[str, list[int]]])
assert_type(remote.output_strides, dict[str, dict[str, list[int]]])
assert_type(remote.input_quants, dict[str, dict[str, QuantParams]])
assert_type(remote.output_quants, dict[str, dict[str, QuantParams]])
assert_type(remote.sched_params, dict[str, SchedParam])
assert_type(remote.version, str)
assert_type(remote.closed, bool)
assert_type(remote["m"], RemoteModel)
assert_type(remote.model("m"), RemoteModel)
assert_type(list(remote), list[str])
remote.set_scheduling_params(priority={"m": 1}, bpu_cores={"m": [0]}, custom_id={"m": 2}, device_id={"m": 0})

remote.load("m")
remote.load("n", "n.hbm", threads=2, passphrase="secret")
remote.reload("m", Path("m.hbm"), passphrase=b"secret")
remote.unload("n")
remote.refresh()

with remote.profile(capacity=10) as profile:
    remote.run(frame)
assert_type(profile, RemoteProfile)
plain: Profile = profile
assert_type(profile.lost, int)
assert_type(remote.benchmark(frame, repeat=10, where="server"), Benchmark)
assert_type(remote.stats(), dict[str, Any])
assert_type(remote.memory_info(), dict[str, dict[str, int]])
assert_type(remote.driver_info(), dict[str, str])
assert_type(remote.get_devices(), list[Device])
assert_type(remote.get_host_info(), HostInfo)
remote.close()

try:
    remote.run(frame)
except HbmNetworkError as network:
    error: OSError | HbmError = network
    assert_type(network.may_have_run, bool)
except HbmRemoteError as refused:
    assert_type(refused.code, str | None)
