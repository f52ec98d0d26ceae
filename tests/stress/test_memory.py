"""A steady loop allocates nothing, and whatever is dropped comes back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.live import Held, allocation_calls, wait_until, wait_until_held
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, InputError

X = np.ones((2, 3), np.float32)
MIXED = {"gain": X, "count": np.ones(4, np.int32), "mask": np.ones((2, 5), np.uint8)}
RUNS = 10_000


def resident() -> int:
    """Resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


Step = Callable[[], Any]


def one_input(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime(models.scaled(2))
    return lambda: runtime.run(X)


def several_inputs(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime(models.mixed())
    return lambda: runtime.run({"mixed": MIXED}, priority={"mixed": 3}, bpu_cores={"mixed": [1]})


def several_models(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime([models.scaled(2), models.scaled(3)])
    inputs = {"times_2": {"x": X}, "times_3": {"x": X}}
    return lambda: runtime.run(inputs)


def strided_inputs(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime(models.nv12(6, 10))
    y, uv = np.ones((1, 12, 20, 1), np.uint8)[:, ::2, ::2], np.ones((1, 3, 5, 2), np.uint8)[:, ::-1]
    return lambda: runtime.run({"data_y": y, "data_uv": uv})


def results_kept_for_a_while(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime(models.scaled(2))
    kept: list[Any] = [None] * 4
    turn = iter(range(10**9))

    def step() -> None:
        kept[next(turn) % 4] = runtime.run(X)

    return step


def mistakes(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime(models.mixed())
    bad: Iterator[Any] = iter([{"gain": X}, {**MIXED, "count": X}, {**MIXED, "mask": X}, X, {"nobody": {}}] * RUNS)

    def step() -> None:
        try:
            runtime.run(next(bad))
        except InputError:
            return
        raise AssertionError

    return step


def metadata(models: ModelFactory) -> Step:
    runtime = HB_HBMRuntime(models.quantised())

    def step() -> None:
        _ = runtime.output_quants["quantised"]["s32"].scale, runtime.sched_params, runtime.input_shapes
        runtime.set_scheduling_params(priority={"quantised": 3})

    return step


LOOPS: dict[str, Callable[[ModelFactory], Step]] = {
    "one input": one_input,
    "several inputs and overrides": several_inputs,
    "several models": several_models,
    "strided inputs": strided_inputs,
    "results kept for a while": results_kept_for_a_while,
    "mistakes": mistakes,
    "metadata": metadata,
}


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("loop", LOOPS)
def test_ten_thousand_runs_grow_nothing(models: ModelFactory, loop: str) -> None:
    step = LOOPS[loop](models)
    for _ in range(500):
        step()
    gc.collect()
    calls, held, memory = allocation_calls(), Held.now(), resident()
    for _ in range(RUNS):
        step()
    grown = resident() - memory
    assert allocation_calls() == calls
    assert Held.now() == held
    # 100 bytes a run would be 1 MB; noise of the allocator stays below half of that.
    assert grown < 512 * 1024, f"{grown} bytes in {RUNS} runs"


def test_dynamic_shapes_settle_too(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.dynamic())
    frames = [np.ones((1, 3, size, 2 * size), np.float32) for size in (8, 32, 16, 4)]
    for frame in frames * 20:
        runtime.run(frame)
    calls = allocation_calls()
    for frame in frames * 50:
        runtime.run(frame)
    assert allocation_calls() == calls


@pytest.mark.no_sanitizer
def test_loading_and_dropping_grows_nothing(models: ModelFactory) -> None:
    def load() -> None:
        HB_HBMRuntime([models.scaled(2), models.pair()]).run(X, model_name="times_2")

    for _ in range(30):
        load()
    gc.collect()
    before, memory = Held.now(), resident()
    for _ in range(200):
        load()
    assert wait_until_held(before) == before
    # Threads of the models, stacks of them and the engine's sessions are all given back.
    assert resident() - memory < 8 * 1024 * 1024


def test_views_hold_their_own_memory_and_no_more(models: ModelFactory) -> None:
    before = Held.now()
    runtime = HB_HBMRuntime(models.many(4))
    inputs = {f"_input_{i}": np.ones((1, 2), np.float32) for i in range(4)}
    kept = [runtime.run(inputs)["many_4"] for _ in range(5)]
    one = kept[2]["_output_3"][:, :1]
    kept.clear()
    del runtime
    held = wait_until(lambda held: held.packed_models == before.packed_models)
    assert held.packed_models == before.packed_models
    assert held.allocations - before.allocations == 1
    assert one.tolist() == [[4.0]]


def test_a_pool_keeps_what_a_burst_needed_until_the_runtime_goes(models: ModelFactory) -> None:
    before = Held.now()
    runtime = HB_HBMRuntime(models.scaled(2))
    burst = [runtime.run(X) for _ in range(50)]
    calls = allocation_calls()
    burst.clear()
    burst.extend(runtime.run(X) for _ in range(50))
    assert allocation_calls() == calls
    burst.clear()
    del runtime
    assert wait_until_held(before) == before


def test_neither_inputs_nor_results_are_kept(models: ModelFactory) -> None:
    class Frame(np.ndarray):
        """An array that can be weakly referenced."""

    runtime = HB_HBMRuntime(models.scaled(2))
    frame = X.copy().view(Frame)
    reference = weakref.ref(frame)
    result = runtime.run({"x": frame})
    del frame
    assert reference() is None
    del result
    assert runtime.run(X)["times_2"]["y"][0, 0] == 2
