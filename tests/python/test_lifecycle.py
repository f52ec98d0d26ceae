"""Closing, reloading, pickling, describing a runtime."""

from __future__ import annotations

import copy
import json
import multiprocessing
import operator
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, _core
from hbm_runtime.encryption import encrypt_model

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


CLOSED: dict[str, Callable[[HB_HBMRuntime], object]] = {
    "run": lambda runtime: runtime.run(X),
    "run_async": lambda runtime: runtime.run_async(X),
    "bind": lambda runtime: runtime.bind("times_2"),
    "queue": lambda runtime: runtime.queue("times_2"),
    "model": lambda runtime: runtime.model("times_2"),
    "__getitem__": lambda runtime: runtime["times_2"],
    "__iter__": list,
    "__contains__": lambda runtime: "times_2" in runtime,
    "profile": lambda runtime: runtime.profile().__enter__(),
    "benchmark": lambda runtime: runtime.benchmark(X),
    "operations": lambda runtime: runtime.operations("times_2"),
    "stats": lambda runtime: runtime.stats(),
    "infer_shapes": lambda runtime: runtime.infer_shapes("times_2", {}),
    "reload": lambda runtime: runtime.reload("times_2", "nowhere.onnx"),
    "memory_info": lambda runtime: runtime.memory_info(),
    "set_scheduling_params": lambda runtime: runtime.set_scheduling_params(priority={"times_2": 1}),
    "summary": lambda runtime: runtime.summary(),
    "__reduce__": pickle.dumps,
}
OPEN = {"close", "closed", "version"}
"""What a closed runtime still answers."""


def public_names() -> list[str]:
    ours = {name for cls in HB_HBMRuntime.__mro__[:2] for name in vars(cls)}
    return sorted(name for name in ours if not name.startswith("_"))


@pytest.mark.parametrize("name", sorted({*public_names(), *CLOSED} - OPEN))
def test_a_closed_runtime_answers_everything_with_a_typed_error(models: ModelFactory, name: str) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    runtime.close()
    use: Callable[[HB_HBMRuntime], object] = CLOSED.get(name) or operator.attrgetter(name)
    with pytest.raises(hbm_runtime.HbmClosedError, match="closed"):
        use(runtime)
    assert (repr(runtime), runtime.closed, isinstance(runtime.version, str)) == ("<HB_HBMRuntime: closed>", True, True)


def test_a_closed_runtime_begins_no_with_block(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2)))
    runtime.close()
    with pytest.raises(hbm_runtime.HbmClosedError, match="the runtime is closed"), runtime:
        raise AssertionError


def test_results_and_requests_outlive_a_closed_runtime(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        y = runtime.run(X)["times_2"]["y"]
        request = runtime.run_async(X)
        view = runtime["times_2"]
    runtime.close()
    np.testing.assert_array_equal(y, 2 * X)
    np.testing.assert_array_equal(request.result(30)["times_2"]["y"], 2 * X)
    assert view.inputs["x"].shape == (2, 3)
    uses: list[Callable[[], object]] = [
        view.empty_inputs,
        view.empty_outputs,
        lambda: view.run(X),
        lambda: view.desc,
    ]
    for use in uses:
        with pytest.raises(hbm_runtime.HbmClosedError):
            use()
    del request
    deadline = time.monotonic() + 30
    while _core.driver_live()["packed_models"] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert _core.driver_live()["packed_models"] == 0


def test_closing_while_others_run_fails_nothing_that_has_begun(models: ModelFactory) -> None:
    for _ in range(10):
        runtime = HB_HBMRuntime(str(models.scaled(2)))
        wrong: list[BaseException] = []

        def work(runtime: HB_HBMRuntime = runtime, wrong: list[BaseException] = wrong) -> None:
            try:
                while True:
                    np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)
            except hbm_runtime.HbmClosedError:
                pass
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.005)
        runtime.close()
        for thread in threads:
            thread.join()
        assert not wrong


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


def test_a_model_of_other_shapes_can_take_its_place(models: ModelFactory) -> None:
    with HB_HBMRuntime(str(models.scaled(2, "net"))) as runtime:
        request = runtime.run_async(X)
        old = runtime["net"]
        runtime.reload("net", models.identity("F32", (4, 5)))
        np.testing.assert_array_equal(request.result(30)["net"]["y"], 2 * X)
        assert (old.inputs["x"].shape, runtime["net"].inputs[0].shape) == ((2, 3), (4, 5))
        with pytest.raises(hbm_runtime.InputError, match="expected shape"):
            runtime.run(X)
        assert runtime.run(np.ones((4, 5), np.float32))["net"]["y"].shape == (4, 5)


def test_a_model_can_be_replaced_from_memory_and_from_an_encrypted_file(models: ModelFactory, tmp_path: Path) -> None:
    encrypt_model(models.scaled(5), tmp_path / "secret", "word", cost=14)
    with HB_HBMRuntime(str(models.scaled(2))) as runtime:
        runtime.reload("times_2", bytearray(models.scaled(3).read_bytes()))
        assert runtime.run(X)["times_2"]["y"][0, 1] == 3
        with pytest.raises(hbm_runtime.WrongPassphraseError):
            runtime.reload("times_2", tmp_path / "secret", passphrase="other")
        runtime.reload("times_2", tmp_path / "secret", passphrase="word")
        assert runtime.run(X)["times_2"]["y"][0, 1] == 5
        with pytest.raises(TypeError, match="passphrase"):
            pickle.dumps(runtime)
        with pytest.raises(TypeError, match="a path or a buffer"):
            runtime.reload("times_2", 3)  # type: ignore[arg-type]
        with pytest.raises(hbm_runtime.InputError, match="NUL"):
            runtime.reload("times_2", str(models.scaled(2)) + "\0x")


def test_what_was_reloaded_comes_back_from_a_pickle(models: ModelFactory) -> None:
    with HB_HBMRuntime([str(models.scaled(2)), str(models.scaled(3))]) as runtime:
        runtime.reload("times_2", models.scaled(5))
        with pickle.loads(pickle.dumps(runtime)) as twin:
            assert twin.run(X, "times_2")["times_2"]["y"][0, 1] == 5
            assert twin.run(X, "times_3")["times_3"]["y"][0, 1] == 3


def test_a_pickle_does_not_depend_on_the_working_folder(
    models: ModelFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = models.scaled(2)
    monkeypatch.chdir(path.parent)
    with HB_HBMRuntime(path.name) as runtime:
        runtime.labels = ["one"]  # type: ignore[attr-defined]
        monkeypatch.chdir(tmp_path)
        with pickle.loads(pickle.dumps(runtime)) as twin:
            assert list(twin.hbm_descs) == [path.name]
            assert twin.labels == ["one"]
        with copy.copy(runtime) as other:
            assert other.run(X)["times_2"]["y"][0, 1] == 2


class Detector(HB_HBMRuntime):
    """With a constructor of its own."""

    def __init__(self, path: str, threshold: float) -> None:
        super().__init__(path)
        self.threshold = threshold


def test_derived_classes_pickle_with_what_they_hold(models: ModelFactory) -> None:
    with Detector(str(models.scaled(2)), 0.5) as detector, pickle.loads(pickle.dumps(detector)) as twin:
        assert (type(twin), twin.threshold, twin.model_names) == (Detector, 0.5, ["times_2"])


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
