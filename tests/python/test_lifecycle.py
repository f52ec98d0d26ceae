"""Closing, reloading, pickling, describing a runtime."""

from __future__ import annotations

import copy
import json
import multiprocessing
import operator
import pickle
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_closed_runtime_says_so_and_its_results_stay(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        y = runtime.run(X)["times_2"]["y"]
    assert runtime.closed
    runtime.close()
    np.testing.assert_array_equal(y, 2 * X)
    for use in (lambda: runtime.run(X), lambda: runtime.model_names, lambda: runtime.sched_params, runtime.summary):
        with pytest.raises(hbm_runtime.HbmClosedError):
            use()
    assert _core.driver_live()["packed_models"] == 0


def test_a_model_is_replaced_under_load_and_no_run_fails(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2, "net")))
    runtime.set_scheduling_params(priority={"net": 9})
    failures: list[BaseException] = []
    factors: set[float] = set()
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                factors.add(float(runtime.run(X)["net"]["y"][0, 1]))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        runtime.reload("net", models.scaled(5))
        runtime.reload("net", models.scaled(2))
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert factors <= {2.0, 5.0}
    assert runtime.model_names == ["net"]
    assert runtime.sched_params["net"].priority == 9


def test_a_failed_reload_changes_nothing(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    with pytest.raises(FileNotFoundError):
        runtime.reload("times_2", "nowhere.onnx")
    with pytest.raises(hbm_runtime.InputError, match="no model is named"):
        runtime.reload("nope", models.scaled(2))
    np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)


def test_a_runtime_pickles_as_paths_options_and_defaults(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)), threads=2)
    runtime.set_scheduling_params(priority={"times_2": 5}, bpu_cores={"times_2": [1]})
    twin = pickle.loads(pickle.dumps(runtime))
    assert twin.sched_params == runtime.sched_params
    np.testing.assert_array_equal(twin.run(X)["times_2"]["y"], 2 * X)


def test_a_runtime_in_memory_does_not_pickle(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(bytearray(models.scaled(2).read_bytes()))
    with pytest.raises(TypeError, match="memory"):
        pickle.dumps(runtime)


def test_a_runtime_works_in_a_spawned_process(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.apply(operator.methodcaller("run", X), (runtime,))
    np.testing.assert_array_equal(result["times_2"]["y"], 2 * X)


def test_a_summary_is_plain_data(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([str(models.quantised()), str(models.scaled(2))])
    text = json.dumps(runtime.summary())
    assert json.loads(text)["models"]["times_2"]["inputs"][0]["shape"] == [2, 3]


def test_quantisation_parameters_compare_copy_and_pickle(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.quantised()))
    for quant in runtime.output_quants["quantised"].values():
        assert pickle.loads(pickle.dumps(quant)) == copy.deepcopy(quant) == copy.copy(quant) == quant
        assert str(quant.axis) in repr(quant)


def test_memory_is_told_by_model(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    assert runtime.memory_info() == {"times_2": {"used_bytes": 0, "free_bytes": 0}}
    y = runtime.run(X)
    held = runtime.memory_info()["times_2"]
    assert held["used_bytes"] > 0
    assert held["free_bytes"] > 0
    del y
    assert runtime.memory_info()["times_2"]["used_bytes"] == 0
