"""What run() takes and refuses is the same on a server as on this machine: every call here is made on both."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from support.checks import same_bits
from support.model_factory import ModelFactory
from support.plain_server import http_server

from hbm_runtime import HB_HBMRuntime, RemoteRuntime, connect

X = np.arange(6, dtype=np.float32).reshape(2, 3)
MIXED = {
    "gain": X,
    "count": np.array([1, -2, 3, 2**31 - 1], np.int32),
    "mask": np.arange(10, dtype=np.uint8).reshape(2, 5),
}
Call = Callable[[Any], Any]


class Buffer:
    """Has `__array__` and nothing else."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return X


@pytest.fixture(scope="module")
def both(models: ModelFactory) -> Iterator[tuple[HB_HBMRuntime, RemoteRuntime]]:
    """The same models here and behind a server: times_2, times_3, mixed, dynamic."""
    files = [models.scaled(2), models.scaled(3), models.mixed(), models.dynamic()]
    with HB_HBMRuntime(files) as local, http_server(local) as url, connect(url, models=local.model_names) as remote:
        yield local, remote


def outputs_like(result: dict[str, Any]) -> dict[str, Any]:
    return {name: np.zeros_like(array, order="C") for name, array in result.items()}


ACCEPTED: dict[str, Call] = {
    "array, name": lambda rt: rt.run(X, "times_2"),
    "array by keyword": lambda rt: rt.run(input_tensor=X, model_name="times_2"),
    "flat": lambda rt: rt.run({"x": X}, model_name="times_3"),
    "flat by keyword": lambda rt: rt.run(input_tensors={"x": X}, model_name="times_3"),
    "nested": lambda rt: rt.run({"times_2": {"x": X}}),
    "nested, two": lambda rt: rt.run({"times_3": {"x": X}, "times_2": {"x": 2 * X}}),
    "nested by keyword": lambda rt: rt.run(multi_input_tensors={"times_2": {"x": X}}),
    "nested, chosen": lambda rt: rt.run({"times_3": {"x": X}, "mixed": MIXED}, model_name="mixed"),
    "name as bytes": lambda rt: rt.run({b"x": X}, model_name=b"times_2"),
    "other mappings": lambda rt: rt.run(OrderedDict(mixed=MappingProxyType(MIXED), times_2=UserDict(x=X))),
    "several inputs": lambda rt: rt.run(MIXED, "mixed"),
    "one output": lambda rt: rt.run(MIXED, "mixed", output_names=[rt.output_names["mixed"][1]]),
    "outputs in another order": lambda rt: rt.run(MIXED, "mixed", output_names=rt.output_names["mixed"][::-1]),
    "no output": lambda rt: rt.run(MIXED, "mixed", output_names=[]),
    "outputs by model": lambda rt: rt.run(
        {"times_2": {"x": X}, "times_3": {"x": X}}, output_names={"times_2": ["y"], "times_3": []}
    ),
    "strided": lambda rt: rt.run(np.asfortranarray(X), "times_2"),
    "negative strides": lambda rt: rt.run(X[::-1, ::-1], "times_2"),
    "read-only": lambda rt: rt.run(np.broadcast_to(np.float32(3), (2, 3)), "times_2"),
    "__array__": lambda rt: rt.run(Buffer(), "times_2"),
    "memoryview": lambda rt: rt.run(memoryview(X.data), "times_2"),
    "dynamic": lambda rt: rt.run(np.ones((2, 3, 8, 4), np.float32), "dynamic"),
    "scheduling": lambda rt: rt.run(
        X, "times_2", {"times_2": 7}, {"times_2": [0]}, {"times_2": -5}, {"times_2": 0}, timeout=30, deadline=1e9
    ),
    "numpy numbers": lambda rt: rt.run(X, "times_2", priority={"times_2": np.int64(3)}, timeout=np.float32(30)),
    "outputs given": lambda rt: rt.run(X, "times_2", outputs={"y": np.zeros((2, 3), np.float32)}),
    "one output given": lambda rt: rt.run(X, "times_2", outputs=np.zeros((3, 2), np.float32).T),
    "view": lambda rt: rt["times_2"].run(X),
    "view, list": lambda rt: rt["mixed"].run(list(MIXED.values())),
    "asynchronous": lambda rt: rt.run_async(X, "times_2").result(),
    "asynchronous, two": lambda rt: rt.run_async({"times_3": {"x": X}, "times_2": {"x": X}}).result(),
}


@pytest.mark.parametrize("call", ACCEPTED.values(), ids=ACCEPTED)
def test_a_call_gives_the_same(both: tuple[HB_HBMRuntime, RemoteRuntime], call: Call) -> None:
    expected, actual = (call(runtime) for runtime in both)
    assert list(actual) == list(expected)
    if "y" in expected or not isinstance(next(iter(expected.values())), dict):  # a view's result
        expected, actual = {"": expected}, {"": actual}
    for model, arrays in expected.items():
        assert list(actual[model]) == list(arrays)
        for name, array in arrays.items():
            assert same_bits(actual[model][name], array)
            assert actual[model][name].flags.writeable


def test_given_outputs_are_filled(both: tuple[HB_HBMRuntime, RemoteRuntime]) -> None:
    target = np.zeros((3, 2), np.float32).T
    result = both[1].run(X, "times_2", outputs={"y": target})
    assert result["times_2"]["y"] is target
    assert same_bits(target, 2 * X)


LOCKED = np.zeros((2, 3), np.float32)
LOCKED.flags.writeable = False
SHARED = np.zeros((2, 3), np.float32)
TWO = {"times_2": {"x": X}, "times_3": {"x": X}}

REFUSED: dict[str, Call] = {
    "nothing": lambda rt: rt.run(None),
    "list": lambda rt: rt.run([1, 2], "times_2"),
    "number": lambda rt: rt.run(np.float32(1), "times_2"),
    "text": lambda rt: rt.run("x", "times_2"),
    "list inside": lambda rt: rt.run({"x": [1]}, "times_2"),
    "array and dict": lambda rt: rt.run({"x": X, "y": {}}),
    "no model chosen": lambda rt: rt.run(X),
    "unknown model": lambda rt: rt.run(X, "nobody"),
    "unknown model, nested": lambda rt: rt.run({"nobody": {"x": X}}),
    "model by number": lambda rt: rt.run(X, 3),
    "chosen model is missing": lambda rt: rt.run({"times_2": {"x": X}}, model_name="mixed"),
    "model twice": lambda rt: rt.run({"times_2": {"x": X}, b"times_2": {"x": X}}),
    "input twice": lambda rt: rt.run({"x": X, b"x": X}, "times_2"),
    "unknown input": lambda rt: rt.run({"z": X}, "times_2"),
    "input by number": lambda rt: rt.run({1: X}, "times_2"),
    "missing input": lambda rt: rt.run({"gain": X}, "mixed"),
    "array for several inputs": lambda rt: rt.run(X, "mixed"),
    "dtype": lambda rt: rt.run(X.astype(np.float64), "times_2"),
    "dtype without a name": lambda rt: rt.run(X.astype(np.complex64), "times_2"),
    "dtype of objects": lambda rt: rt.run(X.astype(object), "times_2"),
    "big endian": lambda rt: rt.run(X.astype(">f4"), "times_2"),
    "rank": lambda rt: rt.run(X[0], "times_2"),
    "rank 11": lambda rt: rt.run(np.ones((1,) * 11, np.float32), "times_2"),
    "shape": lambda rt: rt.run(X.T, "times_2"),
    "dynamic shape": lambda rt: rt.run(np.ones((2, 4, 8, 4), np.float32), "dynamic"),
    "priority type": lambda rt: rt.run(X, "times_2", priority={"times_2": 1.5}),
    "priority, no mapping": lambda rt: rt.run(X, "times_2", priority=5),
    "priority 256": lambda rt: rt.run(X, "times_2", priority={"times_2": 256}),
    "priority -1": lambda rt: rt.run(X, "times_2", priority={"times_2": -1}),
    "priority 2**40": lambda rt: rt.run(X, "times_2", priority={"times_2": 2**40}),
    "priority of nobody": lambda rt: rt.run(X, "times_2", priority={"nobody": 1}),
    "cores as text": lambda rt: rt.run(X, "times_2", bpu_cores={"times_2": "0"}),
    "cores as number": lambda rt: rt.run(X, "times_2", bpu_cores={"times_2": 0}),
    "core 4": lambda rt: rt.run(X, "times_2", bpu_cores={"times_2": [4]}),
    "custom id": lambda rt: rt.run(X, "times_2", custom_id={"times_2": 2**63}),
    "device": lambda rt: rt.run(X, "times_2", device_id={"times_2": -1}),
    "timeout type": lambda rt: rt.run(X, "times_2", timeout="1"),
    "timeout NaN": lambda rt: rt.run(X, "times_2", timeout=float("nan")),
    "timeout negative": lambda rt: rt.run(X, "times_2", timeout=-1.5),
    "timeout too large": lambda rt: rt.run(X, "times_2", timeout=10**400),
    "deadline type": lambda rt: rt.run(X, "times_2", deadline=[]),
    "output names as text": lambda rt: rt.run(X, "times_2", output_names="y"),
    "unknown output": lambda rt: rt.run(X, "times_2", output_names=["z"]),
    "output twice": lambda rt: rt.run(X, "times_2", output_names=["y", "y"]),
    "outputs not by model": lambda rt: rt.run(TWO, output_names=["y"]),
    "outputs of a list": lambda rt: rt.run(X, "times_2", outputs=[1]),
    "outputs without names": lambda rt: rt.run(MIXED, "mixed", outputs=X),
    "output dtype": lambda rt: rt.run(X, "times_2", outputs=np.zeros((2, 3), np.float64)),
    "output shape": lambda rt: rt.run(X, "times_2", outputs=np.zeros((3, 3), np.float32)),
    "output read-only": lambda rt: rt.run(X, "times_2", outputs=LOCKED),
    "output overlaps itself": lambda rt: rt.run(
        X, "times_2", outputs=np.lib.stride_tricks.as_strided(np.zeros(6, np.float32), (2, 3), (4, 4))
    ),
    "output shared by two": lambda rt: rt.run(TWO, outputs={"times_2": {"y": SHARED}, "times_3": {"y": SHARED}}),
    "output is another's input": lambda rt: rt.run(
        {"times_2": {"x": X}, "times_3": {"x": SHARED}}, outputs={"times_2": {"y": SHARED}, "times_3": None}
    ),
    "defaults: no mapping": lambda rt: rt.set_scheduling_params(priority=3),
    "defaults: range": lambda rt: rt.set_scheduling_params(priority={"times_2": 300}),
    "defaults: model": lambda rt: rt.set_scheduling_params(bpu_cores={"nobody": [0]}),
    "view of nobody": lambda rt: rt["nobody"],
    "view, list too short": lambda rt: rt["mixed"].run([X]),
    "asynchronous": lambda rt: rt.run_async(X.T, "times_2"),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_a_wrong_call_is_refused_in_the_same_words(both: tuple[HB_HBMRuntime, RemoteRuntime], call: Call) -> None:
    caught = []
    for runtime in both:
        with pytest.raises((TypeError, ValueError)) as error:
            call(runtime)
        caught.append(error.value)
    local, remote = caught
    assert type(remote) is type(local)
    assert str(remote) == str(local)
    for field in ("model", "tensor"):
        assert getattr(remote, field, None) == getattr(local, field, None)


@pytest.mark.parametrize("keywords", [{"input_tensors": {"x": X}}, {"model": "times_2"}, {"model_name": "times_3"}])
def test_arguments_that_no_signature_takes(both: tuple[HB_HBMRuntime, RemoteRuntime], keywords: dict[str, Any]) -> None:
    for runtime in both:
        with pytest.raises(TypeError):
            runtime.run(X, "times_2", **keywords)
