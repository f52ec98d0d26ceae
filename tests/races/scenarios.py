"""Kinds of calls that a limit may end: each prepares once, then is called with another limit again and again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from exhaustion.scenarios import X, arrays

from hbm_runtime import HB_HBMRuntime, HbmError, InferRequest

SYNCHRONOUS = ("timeout", "deadline")
ASYNCHRONOUS = (*SYNCHRONOUS, "cancel", "abandon", "wait")


@dataclass(frozen=True)
class Limit:
    """What ends a call early, and when.

    Attributes:
        kind: "timeout", "deadline", "cancel", "abandon", "wait" (for the result, which does not end the request), or ""
            for none.
        seconds: Seconds from the beginning of the call.
    """

    kind: str = ""
    seconds: float = 0.0

    def keywords(self) -> dict[str, Any]:
        """What the call is given."""
        if self.kind == "deadline":
            return {"deadline": time.monotonic() + self.seconds}
        return {"timeout": self.seconds} if self.kind == "timeout" else {}

    def outputs_of(self, request: InferRequest[Any]) -> Any:
        """Ends a request in its way, or waits for its result."""
        if self.kind == "wait":
            return request.result(self.seconds)
        if self.kind in {"cancel", "abandon"}:
            end = time.monotonic() + self.seconds
            while time.monotonic() < end:  # sleeping is not exact enough
                pass
            request.cancel() if self.kind == "cancel" else request.abandon()
        return request.result(20)


Call = Callable[[Limit], Any]
Scenario = Callable[[Path, Path], AbstractContextManager[Call]]
LIMITED: dict[str, tuple[Scenario, tuple[str, ...]]] = {}


def scenario(*kinds: str) -> Callable[[Callable[[Path, Path], Iterator[Call]]], Scenario]:
    """Enters a generator that yields the call; its name is the scenario's. The kinds are those of its limits."""

    def enter(prepare: Callable[[Path, Path], Iterator[Call]]) -> Scenario:
        made = contextlib.contextmanager(prepare)
        LIMITED[prepare.__name__] = made, kinds
        return made

    return enter


def by_model(runtime: HB_HBMRuntime) -> dict[str, dict[str, np.ndarray]]:
    """Inputs for all models of a runtime."""
    return {model: dict.fromkeys(runtime.input_names[model], X) for model in runtime.model_names}


@scenario(*SYNCHRONOUS)
def run(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda limit: arrays(runtime.run(X, **limit.keywords()))


@scenario(*SYNCHRONOUS)
def run_two_models(one: Path, two: Path) -> Iterator[Call]:
    with HB_HBMRuntime([str(one), str(two)]) as runtime:
        yield lambda limit: arrays(runtime.run(by_model(runtime), **limit.keywords()))


@scenario(*ASYNCHRONOUS)
def run_async(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda limit: arrays(limit.outputs_of(runtime.run_async(X, **limit.keywords())))


@scenario(*ASYNCHRONOUS)
def run_async_two_models(one: Path, two: Path) -> Iterator[Call]:
    with HB_HBMRuntime([str(one), str(two)]) as runtime:
        yield lambda limit: arrays(limit.outputs_of(runtime.run_async(by_model(runtime), **limit.keywords())))


@scenario(*ASYNCHRONOUS)
def run_async_into_outputs(one: Path, _two: Path) -> Iterator[Call]:
    """After the request has failed, its arrays are not written any more."""
    with HB_HBMRuntime(str(one)) as runtime:

        def call(limit: Limit) -> Any:
            given = np.full((2, 3), -1, np.float32)
            request = runtime.run_async(X, outputs={"y": given}, **limit.keywords())
            try:
                limit.outputs_of(request)
            except HbmError:
                if request.done():  # waiting for the result may have ended, and the request goes on
                    before = given.copy()
                    time.sleep(0.003)
                    assert np.array_equal(before, given), "an array is written after its request has failed"
                raise
            return given.ravel().tolist()

        yield call


@scenario(*ASYNCHRONOUS)
def callbacks(one: Path, _two: Path) -> Iterator[Call]:
    """A callback is called once, however the request ends."""
    with HB_HBMRuntime(str(one)) as runtime:

        def call(limit: Limit) -> Any:
            called: list[Any] = []
            request = runtime.run_async(X, **limit.keywords())
            request.add_done_callback(called.append)
            try:
                return arrays(limit.outputs_of(request))
            finally:
                end = time.monotonic() + 10
                while not called and time.monotonic() < end:
                    time.sleep(0.0005)
                assert called == [request], f"the callback was called {len(called)} times"

        yield call


@scenario("deadline")
def queue(one: Path, _two: Path) -> Iterator[Call]:
    lost: list[HbmError | None] = []
    with (
        HB_HBMRuntime(str(one)) as runtime,
        runtime.queue(runtime.model_names[0], on_drop=lambda _tag, _reason, error: lost.append(error)) as items,
    ):

        def call(limit: Limit) -> Any:
            lost.clear()
            items.submit(X, **limit.keywords())
            assert items.drain(20), "the queue does not end"
            if lost:
                raise lost[0] or AssertionError("an item was dropped without a reason")
            result = items.get(20)
            assert result is not None
            return [array.ravel().tolist() for array in result.outputs.values()]

        yield call


@scenario("close")
def close_a_queue(one: Path, _two: Path) -> Iterator[Call]:
    """Every item is a result or a drop, whenever the queue is closed."""
    with HB_HBMRuntime(str(one)) as runtime:

        def call(limit: Limit) -> Any:
            ended: list[object] = []
            items = runtime.queue(
                runtime.model_names[0], on_result=ended.append, on_drop=lambda *dropped: ended.append(dropped)
            )
            for _ in range(3):
                items.submit(X)
            time.sleep(limit.seconds)
            items.close()
            assert items.drain(20), "the queue does not end"
            assert len(ended) == 3, f"of 3 items, {len(ended)} have ended"
            return len(ended)

        yield call


@scenario(*SYNCHRONOUS)
def bound_run(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        bound = runtime.bind(runtime.model_names[0], inputs={"x": X})
        yield lambda limit: bound.run(**limit.keywords())["y"].ravel().tolist()


@scenario(*ASYNCHRONOUS)
def bound_run_async(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        bound = runtime.bind(runtime.model_names[0], inputs={"x": X})
        yield lambda limit: limit.outputs_of(bound.run_async(**limit.keywords()))["y"].ravel().tolist()


@scenario(*SYNCHRONOUS)
def bound_steps(one: Path, _two: Path) -> Iterator[Call]:
    """A step that was not done leaves the state as it was."""
    with HB_HBMRuntime(str(one)) as runtime:
        steps = runtime.bind_steps(runtime.model_names[0], {"y": "x"})

        def call(limit: Limit) -> Any:
            steps.reset()
            steps.state["x"][...] = X
            return steps.run(**limit.keywords())["y"].ravel().tolist()

        yield call
