"""Profiles: which events they hold, where those happened, and what is made of them."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from support import onnx_models, trace_format
from support.live import let_go
from support.threads import in_parallel

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, Profile, ProfileEvent, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)
KINDS = ("ModelExecute", "Copy", "Queue", "Launch", "DeviceExecute", "Wait")


def image_of(runtime: HB_HBMRuntime) -> dict[str, Any]:
    return {name: np.zeros(shape, np.float32) for name, shape in runtime.input_shapes["conv_net"].items()}


def pairs(profile: Profile) -> list[tuple[ProfileEvent, ProfileEvent]]:
    """Begins with their ends."""
    open_events: dict[Any, list[ProfileEvent]] = {}
    found = []
    for event in profile.events:
        kind = event.kind.removesuffix("Begin").removesuffix("End")
        key = (kind, event.model, event.request, event.thread, event.operation, event.tensor, event.destination)
        if event.kind.endswith("Begin"):
            open_events.setdefault(key, []).append(event)
        else:
            found.append((open_events[key].pop(0), event))
    assert not any(open_events.values())
    return found


def test_each_request_has_every_kind_of_event(runtime: HB_HBMRuntime) -> None:
    begin = time.monotonic_ns()
    with runtime.profile() as profile:
        runtime.run(X, "times_2")
        runtime.run_async(X, "times_3").result(10)
    end = time.monotonic_ns()
    events = profile.events
    assert [event.time_ns for event in events] == sorted(event.time_ns for event in events)
    assert all(begin <= event.time_ns <= end for event in events)
    for number, model in enumerate(("times_2", "times_3")):
        own = [event for event in events if event.request == number]
        assert {event.model for event in own} == {model}
        counts = Counter(event.kind for event in own)
        # A copy of the input and one of the output; a wait for a task slot and one for a core.
        expected = {"ModelExecute": 1, "Copy": 2, "Queue": 2, "Launch": 1, "DeviceExecute": 1, "Wait": 1}
        if number == 1 and counts["WaitBegin"] == 0:  # it had ended before anybody waited
            expected["Wait"] = 0
        assert {kind: counts[f"{kind}Begin"] for kind in KINDS} == expected
        assert {kind: counts[f"{kind}End"] for kind in KINDS} == expected


def test_events_tell_their_threads(runtime: HB_HBMRuntime) -> None:
    with runtime.profile() as profile:
        runtime.run(X, "times_2")
    threads = {event.kind: event.thread for event in profile.events}
    here = threading.get_native_id()
    assert threads["LaunchBegin"] == threads["WaitBegin"] == threads["CopyBegin"] == here
    assert threads["DeviceExecuteBegin"] not in {0, here}
    assert threads["ModelExecuteBegin"] == threads["QueueBegin"] == 0


def test_copies_tell_tensor_direction_and_bytes(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.mixed()))
    inputs = {"gain": X, "count": np.ones(4, np.int32), "mask": np.ones((2, 5), np.uint8)}
    given = {"alpha": np.empty(4, np.int32)}
    with runtime.profile() as profile:
        runtime.run(inputs, outputs=given)
    copies = [begin for begin, _ in pairs(profile) if begin.kind == "CopyBegin"]
    assert [(copy.tensor, copy.source, copy.destination, copy.nbytes) for copy in copies] == [
        ("gain", "host", "bpusim", 24), ("count", "host", "bpusim", 16), ("mask", "host", "bpusim", 10),
        # Results lie in device memory and are not copied, but for those that the caller gave an array for.
        ("zulu", "bpusim", "host", 0), ("alpha", "bpusim", "host", 16), ("mike", "bpusim", "host", 0),
    ]  # fmt: skip


def test_what_lies_in_device_memory_is_not_copied(runtime: HB_HBMRuntime) -> None:
    bound = runtime.bind("times_2")
    with runtime.profile() as profile:
        bound.run()
    assert {event.nbytes for event in profile.events if event.kind == "CopyBegin"} == {0}


def test_requests_that_wait_for_a_core_show_it(runtime: HB_HBMRuntime) -> None:
    _core.set_faults("task:hang@1")
    try:
        with runtime.profile() as profile:
            requests = [runtime.run_async(X, "times_2", bpu_cores={"times_2": [0]}) for _ in range(3)]
            all_submitted = time.monotonic_ns()
            let_go()
            for request in requests:
                request.result(10)
    finally:
        let_go()
    device = {begin.request: (begin.time_ns, end.time_ns) for begin, end in pairs(profile) if "Device" in begin.kind}
    queued = {begin.request: end.time_ns for begin, end in pairs(profile) if begin.kind == "QueueBegin"}
    # One core runs one after the other; the later ones waited until the first went on.
    first, *later = sorted(device, key=lambda request: device[request])  # numbers are in the order of the ends
    for before, after in zip([first, *later], later, strict=False):
        assert device[before][1] <= device[after][0]
    for late in later:
        assert queued[late] == device[late][0] > all_submitted
    assert {record["core"] for record in profile.records} == {0}


def test_a_wait_that_gave_up_has_ended(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    _core.set_faults("task:hang@1")
    try:
        with runtime.profile() as profile:
            request = runtime.run_async(X)
            assert not request.wait(0.01)
            time.sleep(0.02)  # a wait that follows at once counts as the same
            released = time.monotonic_ns()
            let_go()
            request.result(10)
    finally:
        let_go()
    waits = [(begin.time_ns, end.time_ns) for begin, end in pairs(profile) if begin.kind == "WaitBegin"]
    assert waits[0][1] <= released
    assert len(waits) <= 2


def test_layers_share_the_clock_and_belong_to_their_requests(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.conv_net()), profile_operators=True)
    image = image_of(runtime)
    runtime.run(image)
    with runtime.profile(operators=True) as profile:
        in_parallel(lambda _: runtime.run(image), range(4))
    device = {begin.request: (begin, end) for begin, end in pairs(profile) if begin.kind == "DeviceExecuteBegin"}
    layers = [(begin, end) for begin, end in pairs(profile) if begin.kind == "LayerExecuteBegin"]
    assert Counter(begin.request for begin, _ in layers).keys() == device.keys() == set(range(4))
    for begin, end in layers:
        first, last = device[begin.request]
        assert first.time_ns <= begin.time_ns <= end.time_ns <= last.time_ns
        assert begin.thread == first.thread
    durations = profile.durations["conv_net"]
    assert {layer.count for layer in durations.layers.values()} == {4}
    assert sum(layer.total for layer in durations.layers.values()) <= durations["DeviceExecute"].total


def test_operations_and_layers_have_the_same_names(models: ModelFactory) -> None:
    """Most graphs that PyTorch exports have no names; constants count for nothing, as they become weights."""

    def unnamed() -> onnx.ModelProto:
        two = numpy_helper.from_array(np.full((2, 3), 2, np.float32))
        nodes = [
            helper.make_node("Add", ["x", "x"], ["h"]),
            helper.make_node("Constant", [], ["two"], value=two),
            helper.make_node("Sub", ["h", "two"], ["i"]),
            helper.make_node("Div", ["i", "two"], ["j"], name="given"),
            helper.make_node("Exp", ["j"], ["y"]),
        ]
        return onnx_models.build(nodes, [("x", "F32", (2, 3))], [("y", "F32", (2, 3))])

    with HB_HBMRuntime(str(models.onnx("unnamed", unnamed)), profile_operators=True) as runtime:
        with runtime.profile(operators=True) as profile:
            runtime.run(X)
        named = [(operation.name, operation.type) for operation in runtime.operations("unnamed")]
    assert named == [("Add_0", "Add"), ("", "Constant"), ("Sub_1", "Sub"), ("given", "Div"), ("Exp_3", "Exp")]
    assert list(profile.durations["unnamed"].layers) == [name for name, _ in named if name]


def test_layers_need_the_load_option(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.HbmStateError, match="profile_operators=True"), runtime.profile(operators=True):
        pass
    with runtime.profile():  # it left nothing behind
        pass


def test_durations_are_those_of_the_block_by_model_and_part(runtime: HB_HBMRuntime) -> None:
    runtime.run(X, "times_2")
    with runtime.profile() as profile:
        for _ in range(3):
            runtime.run(X, "times_2")
        runtime.run_async({"times_2": {"x": X}, "times_3": {"x": X}}).result(10)
    runtime.run(X, "times_2")
    durations = profile.durations
    assert {model: each.count for model, each in durations.items()} == {"times_2": 4, "times_3": 1}
    whole = durations["times_2"]
    assert 0 < whole.min <= whole.p50 <= whole.p90 <= whole.p99 <= whole.max <= whole.total
    assert whole.min <= whole.mean <= whole.max
    assert whole["ModelExecute"].total == whole.total
    assert set(whole.phases) == {"ModelExecute", "CopyIn", "Queue", "Launch", "DeviceExecute", "CopyOut", "Wait"}
    assert 0 < whole["DeviceExecute"].total < whole.total
    assert {tensor: copy.count for tensor, copy in whole.copies.items()} == {"x": 4, "y": 4}
    assert whole.layers == {}


def test_requests_that_failed_are_in_the_records_only(runtime: HB_HBMRuntime) -> None:
    with runtime.profile() as profile:
        request = runtime.run_async(X, "times_2", deadline=time.monotonic() - 1)
        with pytest.raises(hbm_runtime.HbmDeadlineError):
            request.result(10)
    assert [record["state"] for record in profile.records] == ["failed"]
    assert profile.events == []
    assert profile.durations == {}


def test_a_full_profile_counts_what_it_lost(runtime: HB_HBMRuntime) -> None:
    with runtime.profile(capacity=2) as profile:
        for _ in range(5):
            runtime.run(X, "times_2")
    assert (len(profile.records), profile.lost) == (2, 3)


@pytest.mark.parametrize(("capacity", "error"), [(-1, hbm_runtime.InputError), ("2", TypeError), (2.5, TypeError)])
def test_a_capacity_that_is_no_number_of_requests_is_refused(
    runtime: HB_HBMRuntime, capacity: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"capacity is -1|integer"):
        runtime.profile(capacity=capacity)


def test_one_profile_at_a_time(runtime: HB_HBMRuntime) -> None:
    with runtime.profile() as profile:
        with pytest.raises(hbm_runtime.HbmStateError, match="is being recorded"), runtime.profile():
            pass
        runtime.run(X, "times_2")
    assert len(profile.records) == 1


def test_a_runtime_may_be_closed_while_it_is_profiled(models: ModelFactory, tmp_path: Path) -> None:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime, runtime.profile() as profile:
        runtime.run(X)
        runtime.close()
    profile.save(tmp_path / "trace.json")
    assert len(profile.records) == 1


def test_a_profile_outlives_a_reload(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    with runtime.profile() as profile:
        runtime.run(X)
        runtime.reload("times_2", models.scaled(3))
        runtime.run(X)
    assert profile.durations["times_2"].count == 2


def test_a_trace_of_several_models_and_threads_follows_the_format(models: ModelFactory, tmp_path: Path) -> None:
    files = [str(models.conv_net()), str(models.scaled(2)), str(models.scaled(3))]
    runtime = HB_HBMRuntime(files, profile_operators=True)
    image, both = image_of(runtime), {"times_2": {"x": X}, "times_3": {"x": X}}

    def work(number: int) -> None:
        threading.current_thread().name = f"camera {number}"
        requests = [runtime.run_async(image, "conv_net") for _ in range(5)]
        runtime.run(both)
        for request in requests:
            request.result(60)

    with runtime.profile(operators=True) as profile:
        in_parallel(work, range(4))
        runtime.run({"conv_net": image, **both})
    profile.save(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))
    trace_format.check(trace)
    events = trace["traceEvents"]
    requests = len(profile.records)
    assert requests == 4 * 7 + 3
    assert sum(event["ph"] == "b" and "#" in event["name"] for event in events) == requests
    assert sum(event["ph"] == "s" for event in events) == sum(event["ph"] == "f" for event in events) == requests
    kinds = {event["cat"] for event in events if event["ph"] == "X"}
    assert kinds == {"Copy", "Launch", "DeviceExecute", "Wait", "LayerExecute"}
    names = {event["args"]["name"] for event in events if event["ph"] == "M"}
    assert {"hbm_runtime", "MainThread", "bpusim-core0"} <= names
