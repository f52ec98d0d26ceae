"""What the threads of a mixed load do. Each operation checks its numbers and may fail with a typed error only."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from support.dtypes import Array

from hbm_runtime import HB_HBMRuntime
from hbm_runtime._running.queue_items import Policy

_SHAPE = (2, 3)


class WrongNumberError(Exception):
    """A run gave something else than it should."""


@dataclass(frozen=True)
class Place:
    """Where an operation works: runtimes that all threads share, and a file of its own to load."""

    single: HB_HBMRuntime
    several: HB_HBMRuntime
    file: Path
    chance: random.Random


def _values(place: Place) -> Array:
    return np.full(_SHAPE, place.chance.randrange(1000), np.float32)


def _check(given: Any, x: Array, factor: float) -> None:
    if not np.array_equal(np.asarray(given), x * factor):
        raise WrongNumberError(f"{x.flat[0]} times {factor} gives {np.asarray(given).ravel()[:3]}")


def _only(outputs: Any) -> Any:
    return next(iter(next(iter(outputs.values())).values()))


def run(place: Place) -> None:
    """One model, sometimes with a priority, a time-out or a deadline."""
    x = _values(place)
    name = place.single.model_names[0]
    limits: dict[str, Any] = place.chance.choice(
        ({}, {"timeout": 0.0}, {"timeout": 0.002}, {"deadline": time.monotonic()}, {"priority": {name: 200}})
    )
    _check(_only(place.single.run(x, **limits)), x, 2)


def run_several(place: Place) -> None:
    """Two models in one call."""
    x = _values(place)
    result = place.several.run({name: {"x": x} for name in place.several.model_names})
    for name, outputs in result.items():
        _check(outputs["y"], x, float(name.removeprefix("times_")))


def run_into(place: Place) -> None:
    """Into an array of the caller's, which keeps its values when the run fails."""
    x, y = _values(place), np.full(_SHAPE, -1, np.float32)
    place.single.run(x, outputs={"y": y})
    _check(y, x, 2)


def asynchronous(place: Place) -> None:
    """Requests that are waited for, cancelled, abandoned, dropped, or given up after a time."""
    x = _values(place)
    requests = [place.single.run_async(x, timeout=place.chance.choice((None, 0.0, 0.001, 5))) for _ in range(4)]
    requests.pop().cancel()
    requests.pop().abandon()
    requests.pop()
    _check(_only(requests.pop().result()), x, 2)


def callbacks(place: Place) -> None:
    """Callbacks that work and callbacks that raise."""

    def fail(_request: Any) -> None:
        raise LookupError

    x = _values(place)
    request = place.single.run_async(x)
    request.add_done_callback(fail)
    request.add_done_callback(lambda _: None)
    _check(_only(request.result()), x, 2)


def awaited(place: Place) -> None:
    """Requests in an event loop, one of which is given up."""
    x = _values(place)

    async def main() -> Any:
        late = asyncio.wait_for(place.single.run_async(x), place.chance.choice((0.0, 0.001, 5)))
        return await asyncio.gather(place.single.run_async(x), late, return_exceptions=True)

    for ended in asyncio.run(main()):
        if isinstance(ended, TimeoutError | asyncio.TimeoutError):
            continue
        if isinstance(ended, BaseException):
            raise ended
        _check(_only(ended), x, 2)


def queued(place: Place) -> None:
    """A queue of any policy, whose results come in order."""
    name = place.single.model_names[0]
    policy: Policy = place.chance.choice(("block", "latest", "drop_oldest", "reject"))
    results: list[Any] = []
    with place.single.queue(name, size=2, policy=policy, on_result=results.append) as items:
        for number in range(4):
            deadline = place.chance.choice((None, time.monotonic(), time.monotonic() + 5))
            items.submit(np.full(_SHAPE, number, np.float32), tag=number, deadline=deadline)
    for result in results:
        _check(next(iter(result.outputs.values())), np.full(_SHAPE, result.tag, np.float32), 2)


def bound(place: Place) -> None:
    """A binding that is run a few times."""
    x = _values(place)
    call = place.single.bind(place.single.model_names[0], inputs={"x": x})
    for _ in range(3):
        _check(call.run(timeout=place.chance.choice((None, 5)))["y"], x, 2)
    request = call.run_async(timeout=place.chance.choice((None, 0.0)))
    request.cancel()


def loaded(place: Place) -> None:
    """A runtime of its own, closed while a request is under way."""
    x = _values(place)
    with HB_HBMRuntime(str(place.file)) as runtime:
        _check(_only(runtime.run(x)), x, 3)
        request = runtime.run_async(x)
    _check(_only(request.result()), x, 3)


def reloaded(place: Place) -> None:
    """A model that is replaced while others run it."""
    name = place.several.model_names[1]
    place.several.reload(name, str(place.file))


def inspected(place: Place) -> None:
    """What tools ask for."""
    place.several.summary()
    place.single.stats()
    place.single.infer_shapes(place.single.model_names[0], {"x": _SHAPE})


OPERATIONS: tuple[Callable[[Place], None], ...] = (
    run, run_several, run_into, asynchronous, callbacks, awaited, queued, bound, loaded, reloaded, inspected
)  # fmt: skip
FAULTS = (
    "task:fail@{n}=HB_UCP_TASK_RUN_FAILED",
    "task:delay@{n}=3ms",
    "task:hang@{n}",
    "hbUCPMallocCached:fail@{n}",
    "hbUCPMemFlush:fail@{n}",
    "hbUCPSubmitTask:fail@{n}",
    "hbUCPWaitTaskDone:fail@{n}",
    "hbUCPSetTaskDoneCb:fail@{n}",
    "hbDNNInferV2:fail@{n}",
    "hbDNNInitializeFromFiles:fail@{n}",
    "hbDNNGetTaskOutputTensorProperties:fail@{n}",
    "hbDNNGetModelHandle:fail@{n}",
)
