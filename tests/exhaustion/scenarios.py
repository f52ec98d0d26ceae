"""Kinds of calls that are tried while memory runs out: each prepares once, then is called again and again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, HbmError

Call = Callable[[], Any]
Scenario = Callable[[Path, Path], AbstractContextManager[Call]]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
SCENARIOS: dict[str, Scenario] = {}


def scenario(prepare: Callable[[Path, Path], Iterator[Call]]) -> Scenario:
    """Enters a generator that yields the call; its name is the scenario's."""
    made = contextlib.contextmanager(prepare)
    SCENARIOS[prepare.__name__] = made
    return made


def arrays(result: Mapping[str, Mapping[str, np.ndarray]]) -> list[list[float]]:
    """The numbers of a nested result, so that results can be compared."""
    return [array.ravel().tolist() for outputs in result.values() for array in outputs.values()]


@scenario
def run(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda: arrays(runtime.run(X))


@scenario
def run_with_keywords(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]
        yield lambda: arrays(runtime.run(X, priority={name: 7}, bpu_cores={name: [0]}, custom_id={name: 3}, timeout=20))


@scenario
def run_two_models(one: Path, two: Path) -> Iterator[Call]:
    with HB_HBMRuntime([str(one), str(two)]) as runtime:
        inputs = {model: dict.fromkeys(runtime.input_names[model], X) for model in runtime.model_names}
        yield lambda: arrays(runtime.run(inputs))


@scenario
def run_into_outputs(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.output_names[runtime.model_names[0]][0]
        given = np.empty((2, 3), np.float32)

        def call() -> list[float]:
            runtime.run(X, outputs={name: given})
            return given.ravel().tolist()

        yield call


@scenario
def run_async(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda: arrays(runtime.run_async(X, timeout=20).result())


@scenario
def run_async_two_models(one: Path, two: Path) -> Iterator[Call]:
    with HB_HBMRuntime([str(one), str(two)]) as runtime:
        inputs = {model: dict.fromkeys(runtime.input_names[model], X) for model in runtime.model_names}
        yield lambda: arrays(runtime.run_async(inputs).result())


@scenario
def callbacks(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            request = runtime.run_async(X)
            request.add_done_callback(lambda _request: None)
            return arrays(request.result())

        yield call


@scenario
def cancel(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> bool:
            requests = [runtime.run_async(X) for _ in range(3)]
            for request in requests:
                request.cancel()
            for request in requests:
                with contextlib.suppress(hbm_runtime.HbmCancelledError):
                    request.result()
            return True

        yield call


@scenario
def abandon(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> bool:
            request = runtime.run_async(X)
            request.abandon()
            return request.done()

        yield call


@scenario
def time_out(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> bool:
            request = runtime.run_async(X, timeout=0)
            with contextlib.suppress(hbm_runtime.HbmTimeoutError):
                request.result()
            return True

        yield call


@scenario
def queue(one: Path, _two: Path) -> Iterator[Call]:
    lost: list[HbmError | None] = []

    def note(_tag: object, _reason: str, error: HbmError | None) -> None:
        lost.append(error)

    with HB_HBMRuntime(str(one)) as runtime, runtime.queue(runtime.model_names[0], on_drop=note) as items:

        def call() -> Any:
            lost.clear()
            items.submit(X)
            if not items.drain(timeout=20):
                raise AssertionError("the queue does not end")
            if lost:
                raise lost[0] or AssertionError("an item was dropped without a reason")
            result = items.get(timeout=20)
            assert result is not None
            return arrays({"": result.outputs})

        yield call


@scenario
def bind_and_run(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]
        yield lambda: arrays({name: runtime.bind(name, inputs={runtime.input_names[name][0]: X}).run()})


@scenario
def bound_run(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]
        bound = runtime.bind(name, inputs={runtime.input_names[name][0]: X})
        yield lambda: arrays({name: bound.run()})


@scenario
def profile(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> int:
            with runtime.profile() as seen:
                runtime.run(X)
            return len(seen.events)

        yield call


@scenario
def load_and_close(one: Path, _two: Path) -> Iterator[Call]:
    def call() -> list[str]:
        with HB_HBMRuntime(str(one)) as runtime:
            return runtime.model_names

    yield call


@scenario
def load_from_memory(one: Path, _two: Path) -> Iterator[Call]:
    content = one.read_bytes()

    def call() -> Any:
        with HB_HBMRuntime(content) as runtime:
            return arrays(runtime.run(X))

    yield call


@scenario
def reload(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> Any:
            runtime.reload(runtime.model_names[0], str(one))
            return arrays(runtime.run(X))

        yield call


@scenario
def metadata(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda: (runtime.input_shapes, runtime.output_strides, str(runtime.input_quants), runtime.stats() is None)


@scenario
def infer_shapes(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]
        shape = {runtime.input_names[name][0]: (2, 3)}
        yield lambda: str(runtime.infer_shapes(name, shape))


@scenario
def wrong_input(one: Path, _two: Path) -> Iterator[Call]:
    """Building the text of an error needs memory, too."""
    with HB_HBMRuntime(str(one)) as runtime:

        def call() -> bool:
            try:
                runtime.run(X.astype(np.float64))
            except hbm_runtime.InputError:
                return True
            except HbmError:
                raise
            return False

        yield call


@scenario
def quantise(_one: Path, _two: Path) -> Iterator[Call]:
    params = hbm_runtime.QuantParams(scale=0.5)
    yield lambda: hbm_runtime.quantize(X, params, np.int8).tolist()
