"""Requests that nobody looks after leave nothing: neither tasks nor memory nor Python objects."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.live import Held, wait_until

from hbm_runtime import HB_HBMRuntime, InferRequest

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.ones((2, 3), np.float32)
IN_FLIGHT = 64
ROUNDS = 30


def _raise(_: object) -> None:
    raise LookupError


WAYS: dict[str, Callable[[InferRequest], object]] = {
    "dropped": lambda _: None,
    "cancelled": lambda request: request.cancel(),
    "abandoned": lambda request: request.abandon(),
    "called back to something that raises": lambda request: request.add_done_callback(_raise),
    "in a cycle": lambda request: vars(request).update(cycle=request),
    "with a time-out": lambda request: request.wait(0),
}


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("way", WAYS)
def test_requests_that_nobody_looks_after(models: ModelFactory, caplog: pytest.LogCaptureFixture, way: str) -> None:
    caplog.set_level("CRITICAL", "hbm_runtime")
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        held = Held.now()

        def forget(rounds: int) -> None:
            for _ in range(rounds):
                requests: list[Any] = [runtime.run_async(X, timeout=60) for _ in range(IN_FLIGHT)]
                for request in reversed(requests):
                    WAYS[way](request)
                del requests, request

        def settled() -> int:
            runtime.run_async(X).result(60)
            wait_until(lambda now: now.tasks == held.tasks)
            return min(objects() for _ in range(3))

        forget(3)
        before = settled()
        forget(ROUNDS)
        wait_until(lambda _: objects() - before < 100)
        assert settled() - before < 100, f"{ROUNDS * IN_FLIGHT} requests"
        assert runtime.run(X)["times_2"]["y"][0, 0] == 2
