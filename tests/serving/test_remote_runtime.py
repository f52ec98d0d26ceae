"""A runtime behind this package's server does what one on this machine does, whatever carries its tensors."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import host_models, slow
from support.checks import same_bits
from support.dtypes import NUMPY_OF, sample
from support.model_factory import ModelFactory
from support.remote import Both, both_runtimes, remote_runtime

import hbm_runtime
from hbm_runtime import (
    HbmCancelledError,
    HbmDeadlineError,
    HbmStateError,
    HbmTimeoutError,
    InputError,
    RemoteRuntime,
    UnsupportedError,
    connect,
)
from hbm_runtime.packer.container import HostFile

X = np.arange(6, dtype=np.float32).reshape(2, 3)
SHAPES: dict[str, tuple[int, ...]] = {
    "scalar": (),
    "row": (5,),
    "one": (1, 1),
    "picture": (1, 3, 37, 41),
    "large": (1, 300, 301),
    "rank 6": (1, 2, 1, 3, 2, 2),
}


@pytest.mark.parametrize("shared_memory", [False, True])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_every_type_and_shape_gives_the_same_bytes(
    models: ModelFactory, protocol: str, compression: Any, shared_memory: bool
) -> None:
    shapes = SHAPES if compression is None else {"picture": SHAPES["picture"]}
    files = [models.identity(dtype, shape) for dtype in NUMPY_OF for shape in shapes.values()]
    options = {"compression": compression, "shared_memory": shared_memory}
    with both_runtimes(protocol, files, **options) as (local, remote):
        assert remote.model_names == local.model_names
        names = iter(local.model_names)
        for dtype in NUMPY_OF.values():
            for shape in shapes.values():
                name, array = next(names), sample(dtype, shape)
                for given in (array, np.array(array, order="F")):
                    result = remote.run(given, name)[name]["y"]
                    assert same_bits(result, local.run(given, name)[name]["y"])
                    result[...] = 0  # writeable
                    assert result.flags.aligned


@pytest.mark.parametrize("shared_memory", [False, True, "auto"])
def test_models_of_all_kinds(models: ModelFactory, protocol: str, shared_memory: Any) -> None:
    """Padded rows, quantised tensors, dynamic and data-dependent shapes, empty tensors, no input, several outputs."""
    kinds = (
        host_models.padded_identity("padded", "U8", (1, 30, 33, 3)),
        host_models.quantised("quantised"),
        host_models.doubler("two_cores", cores=2),
    )
    packed = models.hbm("kinds", lambda: HostFile(kinds))
    files = [packed, models.dynamic(), models.nonzero(), models.constant(), models.mixed(), models.many(5)]
    with both_runtimes(protocol, files, shared_memory=shared_memory) as (local, remote):
        for name in local.model_names:
            inputs = {
                tensor: sample(dtype.to_dtype(), tuple(abs(size) for size in local.input_shapes[name][tensor]), seed=3)
                for tensor, dtype in local.input_dtypes[name].items()
            }
            expected, actual = local.run({name: inputs}), remote.run({name: inputs})
            assert list(actual[name]) == list(expected[name])
            for tensor, array in expected[name].items():
                assert same_bits(actual[name][tensor], array), (name, tensor)


PROPERTIES = [
    "model_names", "model_count", "model_descs", "compile_bpu_core_num", "input_counts", "input_names", "input_shapes",
    "input_dtypes", "input_strides", "input_descs", "input_quants", "output_counts", "output_names", "output_shapes",
    "output_dtypes", "output_strides", "output_descs", "output_quants", "sched_params", "version",
]  # fmt: skip


@pytest.fixture
def both(models: ModelFactory, protocol: str) -> Iterator[Both]:
    """times_2, mixed, dynamic, and a packed file."""
    packed = models.hbm("quantised", lambda: HostFile((host_models.quantised("quantised"),), description=b"a file"))
    files = [models.scaled(2), models.mixed(), models.dynamic(), packed]
    with both_runtimes(protocol, files) as both:
        yield both


def test_everything_that_is_known_of_models_is_reported(both: Both) -> None:
    local, remote = both
    for name in PROPERTIES:
        assert getattr(remote, name) == getattr(local, name), name
    assert list(remote.hbm_descs.values()) == list(local.hbm_descs.values())
    assert list(remote) == list(local)
    assert "times_2" in remote
    assert "nobody" not in remote
    for name in local.model_names:
        ours, theirs = local[name], remote[name]
        assert (theirs.name, theirs.desc, theirs.is_dynamic) == (ours.name, ours.desc, ours.is_dynamic)
        for one, other in ((ours.inputs, theirs.inputs), (ours.outputs, theirs.outputs)):
            for info, reported in zip(one.values(), other.values(), strict=True):
                for field in ("name", "index", "desc", "shape", "dim_names", "dtype", "strides", "quant"):
                    assert getattr(reported, field) == getattr(info, field), (name, info.name, field)
                assert (reported.alignment, reported.storage_nbytes) == (info.alignment, info.storage_nbytes)


def test_scheduling_defaults_are_the_connection_s_own(both: Both, protocol: str) -> None:
    local, remote = both
    changes: dict[str, Any] = {"priority": {"times_2": 9}, "bpu_cores": {"times_2": [0]}, "custom_id": {"mixed": -4}}
    local.set_scheduling_params(**changes)
    remote.set_scheduling_params(**changes)
    assert remote.sched_params == local.sched_params
    request = remote.run_async(X, "times_2")
    assert request.result()
    info = request.info
    assert isinstance(info, hbm_runtime.RemoteRequestInfo)
    assert info.bpu_cores == (0,)
    assert info.server.startswith(protocol)
    assert 0 < info.enqueue_ns < info.done_ns
    assert info.run_ns > 0
    with connect(info.server) as other:
        assert other.sched_params["times_2"].priority == 0


@pytest.fixture
def slow_model(models: ModelFactory, protocol: str) -> Iterator[RemoteRuntime]:
    """A model that takes as long as asked; two requests at a time."""
    with remote_runtime(protocol, [models.slow()]) as runtime:
        yield runtime


STEPS = 400_000
"""Some seconds."""


def test_time_limits_and_deadlines(slow_model: RemoteRuntime) -> None:
    begin = time.monotonic()
    with pytest.raises(HbmTimeoutError):
        slow_model.run(slow.inputs(STEPS // 10), timeout=0.2)
    assert time.monotonic() - begin < 2
    with pytest.raises(HbmDeadlineError):
        slow_model.run(slow.inputs(1), deadline=time.monotonic() - 1)
    with pytest.raises(HbmTimeoutError):
        slow_model.run(slow.inputs(1), timeout=0)
    result = slow_model.run(slow.inputs(3), timeout=60, deadline=time.monotonic() + 60)
    assert same_bits(next(iter(result["slow"].values())), slow.expected(3))


def test_requests_are_futures(slow_model: RemoteRuntime) -> None:
    requests = [slow_model.run_async(slow.inputs(3)) for _ in range(8)]
    done, _ = concurrent.futures.wait(requests, timeout=60)
    assert len(done) == 8
    assert len(list(concurrent.futures.as_completed(requests, timeout=60))) == 8
    called: list[Any] = []
    requests[0].add_done_callback(called.append)
    assert called == [requests[0]]
    assert requests[0].status == "done"
    assert requests[0].exception() is None
    assert not requests[0].cancel()
    failing = slow_model.run_async(slow.inputs(3), timeout=0)
    assert isinstance(failing.exception(60), HbmTimeoutError)
    assert failing.status == "failed"


def test_requests_can_be_awaited_and_cancelled(slow_model: RemoteRuntime) -> None:
    async def main() -> None:
        results = await asyncio.gather(*(slow_model.run_async(slow.inputs(3)) for _ in range(4)))
        assert all(same_bits(next(iter(result["slow"].values())), slow.expected(3)) for result in results)
        request = slow_model.run_async(slow.inputs(STEPS // 10))

        async def wait() -> Any:
            return await request

        task = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert request.cancelled()
        with pytest.raises(HbmCancelledError):
            await request

    asyncio.run(main())


def test_a_request_with_several_models_has_an_info_for_each(both: Both) -> None:
    request = both.remote.run_async({"times_2": {"x": X}, "dynamic": {"x": np.ones((1, 3, 2, 2), np.float32)}})
    assert sorted(request.result()) == ["dynamic", "times_2"]
    assert isinstance(request.info, dict)
    assert sorted(request.info) == ["dynamic", "times_2"]


def test_a_profile_of_runs_there(both: Both) -> None:
    begin = time.monotonic_ns()
    with both.remote.profile() as profile:
        both.remote.run(X, "times_2")
        both.remote.run_async(X, "times_2").result()
        with pytest.raises(HbmStateError):
            both.remote.profile().__enter__()
    end = time.monotonic_ns()
    both.remote.run(X, "times_2")
    assert len(profile.records) == 2
    assert profile.lost == 0
    assert profile.durations["times_2"].count == 2
    assert {"CopyIn", "DeviceExecute", "CopyOut"} <= set(profile.durations["times_2"].phases)
    assert all(begin <= event.time_ns <= end for event in profile.events)
    assert {event.request for event in profile.events} == {0, 1}
    assert {event.tensor for event in profile.events if event.kind == "CopyBegin"} == {"x", "y"}


def test_a_profile_is_saved_as_a_trace(both: Both, tmp_path: Path) -> None:
    with both.remote.profile(capacity=1) as profile:
        both.remote.run(X, "times_2")
        both.remote.run(X, "times_2")
    assert profile.lost == 1
    profile.save(tmp_path / "trace.json")
    assert "times_2" in (tmp_path / "trace.json").read_text()


@pytest.mark.parametrize("where", ["client", "server"])
def test_a_benchmark_here_and_there(both: Both, where: Any) -> None:
    result = both.remote.benchmark({"x": X}, model_name="times_2", repeat=7, where=where)
    assert result.runs == result.latency.count == 7
    assert result.latency.min > 0
    if where == "server":
        for wrong in ({"duration": 1.0}, {"in_flight": 2}, {"profile": True}):
            with pytest.raises(InputError):
                both.remote.benchmark({"x": X}, model_name="times_2", where=where, **wrong)
    else:
        both.remote.benchmark([{"x": X}], model_name="times_2", repeat=7, in_flight=3, profile=True)


def test_the_machine_there_is_this_one(both: Both) -> None:
    assert [(device.index, device.kind) for device in both.remote.get_devices()] == [
        (device.index, device.kind) for device in hbm_runtime.get_devices()
    ]
    assert both.remote.get_host_info().architecture == hbm_runtime.get_host_info().architecture
    for _ in range(3):
        both.remote.run(X, "times_2")
    assert both.remote.stats()["models"]["times_2"]["done"] == 3
    assert set(both.remote.memory_info()) == set(both.local.memory_info())


def test_what_needs_a_device_is_not_there(both: Both) -> None:
    for name in ("bind", "queue"):
        assert not hasattr(both.remote, name)
    arrays = both.remote["times_2"].empty_inputs()
    assert arrays["x"].shape == (2, 3)
    with pytest.raises(InputError):
        both.remote["dynamic"].empty_inputs()
    with pytest.raises((UnsupportedError, AttributeError)):
        both.remote["dynamic"].infer_shapes({"x": (1, 3, 2, 2)})
