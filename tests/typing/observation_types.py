"""The types that users' code sees: requests, queues, bound runs, observation, errors. Checked, never run."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import hbm_runtime
from hbm_runtime import (
    Benchmark,
    BoundRun,
    BoundSteps,
    ContainerError,
    Device,
    DriverError,
    DriverNotFoundError,
    Durations,
    EncryptedModelError,
    HB_HBMRuntime,
    HbmCancelledError,
    HbmClosedError,
    HbmDeadlineError,
    HbmError,
    HbmForkError,
    HbmIOError,
    HbmQueueFullError,
    HbmStateError,
    HbmTimeoutError,
    HostInfo,
    InferQueue,
    InferRequest,
    InputError,
    InputTypeError,
    MissingPackageError,
    ModelDurations,
    ModelError,
    ModelNotFoundError,
    Operation,
    OutOfResourcesError,
    Profile,
    ProfileEvent,
    QueueResult,
    QueueStats,
    RequestInfo,
    ShapeError,
    TamperedModelError,
    UnsupportedError,
    Version,
    WrongPassphraseError,
)

Arrays = dict[str, NDArray[Any]]
frame: NDArray[np.float32] = np.ones((2, 3), np.float32)
runtime = HB_HBMRuntime("model.hbm")

request = runtime.run_async(frame, timeout=1.0, deadline=5.0)
assert_type(request, InferRequest)
runtime.run_async({"x": frame}, "m", priority={"m": 3}, bpu_cores={"m": [0]}, custom_id={"m": 1}, device_id={"m": 0})
runtime.run_async(multi_input_tensors={"m": {"x": frame}}, outputs={"y": frame}, output_names=["y"])
runtime.run_async(frame, time_out=1.0)  # type: ignore[call-arg]
runtime.run_async(frame, priority=3)  # type: ignore[arg-type]
assert_type(request.wait(), bool)
assert_type(request.wait(timeout=0.5), bool)
assert_type(request.result(0.5), dict[str, Arrays])
assert_type(request.exception(), BaseException | None)
assert_type(request.status, str)
assert_type(request.info, RequestInfo | dict[str, RequestInfo])
assert_type(request.done(), bool)
assert_type(request.running(), bool)
assert_type(request.cancelled(), bool)
assert_type(request.cancel(), bool)
request.abandon()
request.add_done_callback(lambda done: print(done.result()))
plain: concurrent.futures.Future[dict[str, Arrays]] = request
for ended in concurrent.futures.as_completed([plain]):
    assert_type(ended.result(), dict[str, Arrays])
request.wait("soon")  # type: ignore[arg-type]


async def awaited() -> None:
    assert_type(await runtime.run_async(frame), dict[str, Arrays])
    async for each in runtime.queue("m"):
        assert_type(each, QueueResult)


def info_of(info: RequestInfo) -> None:
    assert_type(info.model, str)
    assert_type([info.custom_id, info.priority, info.queue_depth], list[int])
    assert_type(info.bpu_cores, list[int])
    assert_type([info.enqueue_ns, info.copied_ns, info.submit_ns, info.ended_ns, info.done_ns], list[int])
    assert_type(info.late, bool)


bound = runtime.bind("m", inputs={"x": frame}, outputs={"y": frame})
assert_type(bound, BoundRun)
assert_type(bound.inputs, Mapping[str, NDArray[Any]])
assert_type(bound.outputs, Mapping[str, NDArray[Any]])
assert_type(bound.run(timeout=1), Mapping[str, NDArray[Any]])
assert_type(bound.run_async(timeout=1, deadline=5.0), InferRequest[Arrays])
assert_type(runtime.bind("m", inputs=frame), BoundRun)
steps = runtime.bind_steps("m", {"present": "past"}, inputs={"past": frame})
assert_type(steps, BoundSteps)
assert_type(steps.run(timeout=1.0, deadline=None), Mapping[str, NDArray[Any]])
print(steps.inputs["x"], steps.outputs["y"], steps.state["past"])
steps.reset()


def reported(tag: Any, reason: str, error: HbmError | None) -> None:
    print(tag, reason, error)


queue = runtime.queue("m", 4, "drop_oldest", on_result=print, on_drop=reported)
assert_type(queue, InferQueue)
runtime.queue("m", policy="newest")  # type: ignore[arg-type]
with queue:
    assert_type(queue.submit({"x": frame}, deadline=3.0, tag=7, timeout=0.1), bool)
    assert_type(queue.drain(1.0), bool)
    assert_type(queue.get(timeout=1.0), QueueResult | None)
    for item in queue:
        assert_type(item.outputs, Arrays)
        assert_type(item.age, float)
        print(item.tag)
assert_type(queue.stats, QueueStats)
counts = queue.stats
assert_type([counts.submitted, counts.waiting, counts.running, counts.results], list[int])
assert_type(counts.dropped, dict[str, int])
queue.close()

with runtime.profile(capacity=10, operators=True) as profile:
    runtime.run(frame)
assert_type(profile, Profile)
assert_type(profile.lost, int)
assert_type(profile.records, list[dict[str, Any]])
assert_type(profile.events, list[ProfileEvent])
for event in profile.events:
    assert_type((event.kind, event.model, event.operation, event.tensor), tuple[str, str, str, str])
    assert_type((event.source, event.destination), tuple[str, str])
    assert_type((event.time_ns, event.request, event.thread, event.nbytes), tuple[int, int, int, int])
assert_type(profile.durations, dict[str, ModelDurations])
for of_model in profile.durations.values():
    assert_type(of_model["run"], Durations)
    assert_type(of_model.phases, Mapping[str, Durations])
    assert_type(of_model.layers, Mapping[str, Durations])
    assert_type(of_model.copies, Mapping[str, Durations])
profile.save("trace.json")


def statistics(durations: Durations) -> None:
    assert_type(durations.count, int)
    assert_type([durations.total, durations.min, durations.mean, durations.max], list[float])
    assert_type(
        [durations.p50, durations.p90, durations.p95, durations.p99, durations.p999, durations.std], list[float]
    )
    assert_type(Durations.of([0.1, 0.2]), Durations)
    assert_type(ModelDurations.made_of({"run": [0.1]}, {}, {}), ModelDurations)


benchmark = runtime.benchmark(frame, repeat=10, warmup=1, duration=None, model_name="m")
assert_type(benchmark, Benchmark)
assert_type(benchmark.latency, Durations)
assert_type((benchmark.runs, benchmark.warmup), tuple[int, int])
assert_type((benchmark.seconds, benchmark.throughput), tuple[float, float])
assert_type(benchmark.sets, tuple[Durations, ...])
assert_type((benchmark.in_flight, benchmark.stopped), tuple[int, str])
assert_type(benchmark.profile, Profile | None)
assert_type(benchmark.to_json(), str)
benchmark.save("figures.json")

for operation in runtime.operations("m"):
    assert_type(operation, Operation)
    assert_type((operation.name, operation.type, operation.device), tuple[str, str, str])
assert_type(runtime.stats(), dict[str, Any])
assert_type(runtime.stats("prometheus"), str)
assert_type(runtime.summary(), dict[str, Any])
assert_type(runtime.memory_info(), dict[str, dict[str, int]])

for device in hbm_runtime.get_devices():
    assert_type(device, Device)
    assert_type((device.kind, device.soc, device.driver_version, device.driver_path), tuple[str, str, str, str])
    assert_type(device.index, int)
    assert_type((device.load, device.temperature), tuple[float | None, float | None])
    assert_type(device.details, Mapping[str, int])
host = hbm_runtime.get_host_info()
assert_type(host, HostInfo)
assert_type((host.name, host.architecture, host.os, host.os_release), tuple[str, str, str, str])
assert_type((host.cpus, host.memory_bytes), tuple[int, int])
assert_type((host.memory, host.temperatures), tuple[Mapping[str, int], Mapping[str, float]])
assert_type(host.capabilities, tuple[str, ...])
assert_type(host.devices, tuple[Device, ...])
assert_type(hbm_runtime.driver_info(), dict[str, str])
version = hbm_runtime.get_version()
assert_type(version, Version)
assert_type((version.major, version.minor, version.patch), tuple[int, int, int])
assert_type(version.suffix, str)
assert_type(version.build_info, dict[str, str])
hbm_runtime.load_driver("bpusim")
hbm_runtime.set_log_level("debug")
hbm_runtime.set_log_level(10)
hbm_runtime.set_log_level(None)  # type: ignore[arg-type]

error: HbmError = InputError("text")
assert_type(error.function, str | None)
assert_type(error.status, int | None)
assert_type(error.status_name, str | None)
assert_type(error.model, str | None)
assert_type(error.tensor, str | None)
families: Sequence[type[HbmError]] = [
    DriverError,
    DriverNotFoundError,
    HbmForkError,
    HbmQueueFullError,
    HbmStateError,
    ModelError,
]
# What old scripts catch, and what belongs to what.
value_errors: list[ValueError] = [InputError("text"), ShapeError("text")]
type_error: TypeError = InputTypeError("text")
time_errors: list[TimeoutError] = [HbmTimeoutError("text"), HbmDeadlineError("text")]
unreadable: OSError = HbmIOError("text")
missing: FileNotFoundError = ModelNotFoundError("text")
unsupported: NotImplementedError = UnsupportedError("text")
absent: ImportError = MissingPackageError("text")
cancelled: concurrent.futures.CancelledError = HbmCancelledError("text")
closed: HbmStateError = HbmClosedError("text")
resources: DriverError = OutOfResourcesError("text")
encrypted: list[EncryptedModelError] = [WrongPassphraseError("text"), TamperedModelError("text")]
models: list[ModelError] = [EncryptedModelError("text"), ContainerError("text"), HbmIOError("text")]

word: Literal["block", "latest", "drop_oldest", "reject"] = "latest"
runtime.queue("m", policy=word)
