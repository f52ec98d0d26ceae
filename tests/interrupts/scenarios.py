"""Kinds of calls that an interruption could leave half done, beside those of `exhaustion.scenarios`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from exhaustion.scenarios import Scenario, X, arrays

from hbm_runtime import HB_HBMRuntime, testing

INTERRUPTED: dict[str, Scenario] = {}


def scenario(prepare: Callable[[Path, Path], Iterator[Callable[[], Any]]]) -> Scenario:
    """Enters a generator that yields the call; its name is the scenario's."""
    made = contextlib.contextmanager(prepare)
    INTERRUPTED[prepare.__name__] = made
    return made


@scenario
def with_queue(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            results: list[Any] = []
            with runtime.queue(runtime.model_names[0], on_result=results.append) as items:
                items.submit(X)
                items.submit(X)
            return [arrays({"": result.outputs}) for result in results]

        yield call


@scenario
def iterate_a_queue(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            with runtime.queue(runtime.model_names[0]) as items:
                items.submit(X)
                items.submit(X)
                items.drain()
                items.close()
                return [arrays({"": result.outputs}) for result in items]

        yield call


@scenario
def a_queue_that_lives_on(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime, runtime.queue(runtime.model_names[0], on_result=lambda _: None) as items:

        def call() -> Any:
            items.submit(X)
            if not items.drain(timeout=20):
                raise AssertionError("the queue does not end")
            stats = items.stats
            ended = stats.results + sum(stats.dropped.values())
            return stats.waiting, stats.running, stats.submitted - ended

        yield call


@scenario
def wait_for_futures(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            requests = [runtime.run_async(X) for _ in range(2)]
            done, pending = concurrent.futures.wait(requests, timeout=20)
            return len(done), len(pending)

        yield call


@scenario
def callbacks_are_called_once(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            called: list[object] = []
            request = runtime.run_async(X)
            try:
                request.add_done_callback(called.append)
                request.result()
            finally:
                done, _ = concurrent.futures.wait([request], timeout=20)
                if not done:
                    raise AssertionError("the end of a request is never reported")
            return True

        yield call


@scenario
def awaited(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        async def once() -> Any:
            return arrays(await runtime.run_async(X))

        yield lambda: asyncio.run(once())


@scenario
def profiled(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            with runtime.profile() as profile:
                runtime.run(X)
            with runtime.profile() as again:
                pass
            return len(profile.events) > 0, len(again.events)

        yield call


@scenario
def faults(one: Path, _two: Path) -> Iterator[Callable[[], Any]]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            with testing.faults("hbUCPMemFlush:fail@1000000"):
                runtime.run(X)
            return testing.live().tasks

        yield call
