"""Many threads on one runtime: the GIL is free, results are right, nothing disturbs anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support.checks import same_bits
from support.dtypes import NUMPY_OF, sample
from support.live import Held, wait_until
from support.model_factory import ModelFactory
from support.threads import Job, in_parallel

from hbm_runtime import HB_HBMRuntime, InputError, ShapeError, _core, testing

X = np.ones((2, 3), np.float32)
TASKS = 32
"""How many the driver has."""


@pytest.fixture
def runtime(models: ModelFactory) -> Iterator[HB_HBMRuntime]:
    """The models times_2 and times_3."""
    with HB_HBMRuntime([models.scaled(2), models.scaled(3)]) as runtime:
        yield runtime


def wait_for_tasks(count: int) -> None:
    """Waits until so many tasks are under way."""
    held = wait_until(lambda held: held.tasks == count)
    assert held.tasks == count


def wait_until_held_on(core: int) -> None:
    """Waits until a core is occupied by a task, which is held then."""
    wait_until(lambda _: _core.core_loads()[core]["running"] > 0)
    assert _core.core_loads()[core]["running"] == 1
    time.sleep(0.02)  # from there to the place where it is held


def test_other_python_threads_go_on_during_a_run(runtime: HB_HBMRuntime) -> None:
    """With the GIL held, this thread would not see the run, whose task is held, nor let it go on."""
    with testing.faults("task:hang"):
        job = Job(lambda: runtime.run(X, "times_2")["times_2"]["y"])
        wait_for_tasks(1)
        for _ in range(20):
            time.sleep(0.001)
            assert job.is_alive()
    assert same_bits(job.result(), 2 * X)


def test_other_python_threads_go_on_while_a_model_loads(models: ModelFactory) -> None:
    """With the GIL held, the main thread would see the loading thread only when it is done."""
    started = threading.Event()

    def load() -> int:
        started.set()
        return sum(HB_HBMRuntime(models.conv_net()).model_count for _ in range(40))

    job = Job(load)
    started.wait(60)
    rounds = 0
    while job.is_alive():
        time.sleep(0.001)
        rounds += 1
    assert job.result() == 40
    assert rounds >= 10


def test_a_quick_run_overtakes_a_slow_one(runtime: HB_HBMRuntime) -> None:
    with testing.faults("task:hang@1"):
        job = Job(lambda: runtime.run(X, "times_3", bpu_cores={"times_3": [0]}))
        wait_until_held_on(0)
        for _ in range(5):
            assert runtime.run(X, "times_2", bpu_cores={"times_2": [1]})["times_2"]["y"][0, 0] == 2
        assert job.is_alive()
    assert same_bits(job.result()["times_3"]["y"], 3 * X)


def test_models_of_one_call_run_at_the_same_time(runtime: HB_HBMRuntime) -> None:
    """A runtime that starts the second when the first is done would have one task in flight."""
    with testing.faults("task:hang"):
        job = Job(lambda: runtime.run({"times_2": {"x": X}, "times_3": {"x": X}}))
        wait_for_tasks(2)
    result = job.result()
    assert same_bits(result["times_2"]["y"], 2 * X)
    assert same_bits(result["times_3"]["y"], 3 * X)


def test_concurrent_runs_give_what_serial_runs_give(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.conv_net(), models.dynamic(), models.quantised(), models.padded("F16", (2, 3, 5))])
    pictures = [np.random.default_rng(i).normal(size=(1, 3, 32, 32)).astype(np.float32) for i in range(8)]
    frames = [np.random.default_rng(i).normal(size=(1, 3, 2 + i, 9 - i)).astype(np.float32) for i in range(8)]

    def inputs(i: int) -> dict[str, dict[str, Any]]:
        return {
            "conv_net": {"image": pictures[i]},
            "dynamic": {"x": frames[i]},
            "quantised": {"x": sample(NUMPY_OF["S8"], (1, 4, 3, 5), i)},
            "padded": {"x": sample(NUMPY_OF["F16"], (2, 3, 5), i)},
        }

    serial = [runtime.run(inputs(i)) for i in range(8)]

    def work(thread: int) -> int:
        wrong = 0
        for turn in range(25):
            i = (thread + turn) % 8
            result = runtime.run(inputs(i)) if turn % 2 else runtime.run({"dynamic": {"x": frames[i]}})
            wrong += sum(
                not same_bits(values, serial[i][model][name])
                for model, outputs in result.items()
                for name, values in outputs.items()
            )
        return wrong

    assert in_parallel(work, range(8)) == [0] * 8


def test_more_runs_at_once_than_the_driver_has_tasks(runtime: HB_HBMRuntime) -> None:
    with testing.faults("task:hang"):
        jobs = [Job(lambda i=i: runtime.run(i * X, "times_2")["times_2"]["y"]) for i in range(TASKS + 8)]
        wait_for_tasks(TASKS)
    assert all(same_bits(job.result(), 2 * i * X) for i, job in enumerate(jobs))
    assert Held.now().tasks == 0


def test_many_models_in_one_call_and_many_such_calls(models: ModelFactory) -> None:
    """20 models by 4 threads: 80 inferences ask for 32 tasks."""
    runtime = HB_HBMRuntime([models.scaled(factor) for factor in range(1, 21)])

    def work(i: int) -> bool:
        x = np.full((2, 3), i + 1, np.float32)
        result = runtime.run({name: {"x": x} for name in runtime.model_names})
        return all(result[f"times_{factor}"]["y"][1, 2] == factor * (i + 1) for factor in range(1, 21))

    for _ in range(5):
        assert all(in_parallel(work, range(4)))


def test_a_mistake_in_one_thread_disturbs_no_other(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.scaled(2), models.total()])

    def careless() -> int:
        for _ in range(50):
            with pytest.raises(InputError):
                runtime.run(X.astype(np.float64), model_name="times_2")
            with pytest.raises(ShapeError):
                runtime.run({"a": np.ones(3, np.float32), "b": np.ones(2, np.float32)}, model_name="total")
        return 100

    def careful() -> int:
        return sum(
            int(runtime.run(np.full((2, 3), turn, np.float32), model_name="times_2")["times_2"]["y"][0, 0]) == 2 * turn
            for turn in range(100)
        )

    assert in_parallel(lambda i: careless() if i % 2 else careful(), range(8)) == [100] * 8


def test_one_array_may_feed_many_runs(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    shared = np.arange(6, dtype=np.float32).reshape(2, 3)
    shared.flags.writeable = False

    def work(_: int) -> bool:
        return all(same_bits(runtime.run(shared)["times_2"]["y"], 2 * shared) for _ in range(100))

    assert all(in_parallel(work, range(6)))


def test_loading_running_and_dropping_runtimes_at_the_same_time(models: ModelFactory) -> None:
    files = [models.scaled(2), models.mixed(), models.pair(), models.conv_net()]

    def work(i: int) -> bool:
        good = True
        for turn in range(10):
            runtime = HB_HBMRuntime([models.scaled(2), *files[1 : 1 + (i + turn) % 4]])
            good &= bool(runtime.run(X, model_name="times_2")["times_2"]["y"][0, 0] == 2)
        return good

    assert all(in_parallel(work, range(6)))


def test_properties_and_settings_while_others_run(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))

    def change() -> bool:
        good = True
        for turn in range(200):
            number = turn % 256
            runtime.set_scheduling_params(
                priority={"times_2": number}, custom_id={"times_2": number}, bpu_cores={"times_2": [turn % 4]}
            )
            param = runtime.sched_params["times_2"]
            good &= param.priority == param.customId == number
        return good

    def run() -> bool:
        good = True
        for _ in range(200):
            good &= bool(runtime.run(X)["times_2"]["y"][0, 0] == 2)
            good &= runtime.input_shapes == {"times_2": {"x": [2, 3]}}
            param = runtime.sched_params["times_2"]
            good &= param.priority == param.customId
        return good

    assert all(in_parallel(lambda i: run() if i else change(), range(5)))


def test_the_last_reference_may_go_while_a_run_is_under_way(models: ModelFactory) -> None:
    box = [HB_HBMRuntime(models.scaled(2))]
    with testing.faults("task:hang"):
        job = Job(box[0].run, X)
        wait_for_tasks(1)
        box.clear()
        assert Held.now().tasks == 1
    assert same_bits(job.result()["times_2"]["y"], 2 * X)
