"""Kinds of calls whose outputs, inputs or models are of another form than plain arrays of known shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from exhaustion.scenarios import Call, X, arrays, scenario
from support.encrypted_files import PASSPHRASE, encrypted
from support.onnx_models import dynamic, nonzero, qdq_net, scaled

from hbm_runtime import HB_HBMRuntime


def _saved(one: Path, model: onnx.ModelProto, name: str) -> str:
    path = one.parent / f"{name}.onnx"
    onnx.save(model, path)
    return str(path)


@scenario
def delivered_outputs(one: Path, _two: Path) -> Iterator[Call]:
    """The run decides how large they are, and the driver allocates them."""
    x = np.array([0, 1, 0, 2, 3], np.float32)
    with HB_HBMRuntime(_saved(one, nonzero(), "nonzero")) as runtime:
        yield lambda: [arrays(runtime.run(x)), arrays(runtime.run_async(x).result())]


@scenario
def delivered_outputs_of_another_size_each_time(one: Path, _two: Path) -> Iterator[Call]:
    """The sizes that were learned do not fit."""
    with HB_HBMRuntime(_saved(one, nonzero(), "nonzero")) as runtime:
        yield lambda: [arrays(runtime.run(np.arange(size, dtype=np.float32))) for size in (2, 40, 7, 1)]


@scenario
def shapes_that_change(one: Path, _two: Path) -> Iterator[Call]:
    """The engine plans anew, and other blocks are leased."""
    pictures = [np.ones((1, 3, size, 2 * size), np.float32) for size in (4, 6)]
    with HB_HBMRuntime(_saved(one, dynamic(), "dynamic")) as runtime:
        yield lambda: [arrays(runtime.run(picture)) for picture in pictures]


@scenario
def chosen_outputs(one: Path, _two: Path) -> Iterator[Call]:
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda: arrays(runtime.run(X, output_names=["y"]))


@scenario
def strided_inputs(one: Path, _two: Path) -> Iterator[Call]:
    """They are copied first."""
    wide = np.repeat(X, 2, axis=1)[:, ::2]
    with HB_HBMRuntime(str(one)) as runtime:
        yield lambda: [arrays(runtime.run(wide)), arrays(runtime.run_async(X[::-1]).result())]


@scenario
def load_an_encrypted_model(one: Path, _two: Path) -> Iterator[Call]:
    secret = encrypted(one.parent, scaled(2).SerializeToString())

    def call() -> Any:
        with HB_HBMRuntime(str(secret), passphrase=PASSPHRASE) as runtime:
            return arrays(runtime.run(X))

    yield call


@scenario
def load_a_rewritten_model(one: Path, _two: Path) -> Iterator[Call]:
    """Its graph is edited in memory."""
    path = _saved(one, qdq_net(), "quantised")

    def call() -> Any:
        with HB_HBMRuntime(path, rewrite=True) as runtime:
            model = runtime.model(runtime.model_names[0])
            ones = {name: np.ones(tensor.shape, tensor.np_dtype) for name, tensor in model.inputs.items()}
            return [array.tolist() for array in model.run(ones).values()]

    yield call


@scenario
def steps(one: Path, _two: Path) -> Iterator[Call]:
    """An output is the next step's input."""
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]

        def call() -> Any:
            bound = runtime.bind_steps(name, {"y": "x"}, inputs={"x": X})
            return [[array.tolist() for array in bound.run().values()] for _ in range(3)]

        yield call


@scenario
def kept_tensors(one: Path, _two: Path) -> Iterator[Call]:
    """They are outputs of the run."""
    path = str(one)

    def call() -> Any:
        with HB_HBMRuntime(path, keep="*") as runtime:
            return arrays(runtime.run(X))

    yield call


@scenario
def descriptions(one: Path, _two: Path) -> Iterator[Call]:
    """What a model and its runtime say of themselves."""
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]
        yield lambda: [sorted(runtime.stats()), sorted(runtime.summary()), str(runtime.operations(name)), str(runtime)]
