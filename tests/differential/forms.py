"""The ways to call a model, each as a function that gives outputs by name."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from support.dtypes import Array

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.cli import main

from .probe import run_probe

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Setup:
    """One call.

    Attributes:
        runtime: Has the model.
        model: Its name.
        file: Where it was loaded from.
        folder: Folder for files that a form needs.
        inputs: What goes in.
        wanted: What has to come out.
        random: Decides what a form leaves open.
    """

    runtime: HB_HBMRuntime
    model: str
    file: Path
    folder: Path
    inputs: Arrays
    wanted: Arrays
    random: random.Random


Form = Callable[[Setup], Mapping[str, Array]]


def _array(call: Setup) -> Arrays:
    """The array alone, where the model has one input."""
    given: Any = next(iter(call.inputs.values())) if len(call.inputs) == 1 else call.inputs
    return call.runtime.run(given)[call.model]


def _flat(call: Setup) -> Arrays:
    return call.runtime.run(dict(reversed(list(call.inputs.items()))), model_name=call.model)[call.model]


def _nested(call: Setup) -> Arrays:
    """By model and input, from arrays of all kinds of layouts."""
    odd = {name: other_layout(array, call.random) for name, array in call.inputs.items()}
    return call.runtime.run({call.model: odd})[call.model]


def _view(call: Setup) -> Arrays:
    return call.runtime.model(call.model).run(list(call.inputs.values()))


def _device_inputs(call: Setup) -> Arrays:
    model = call.runtime.model(call.model)
    given = model.empty_inputs({name: array.shape for name, array in call.inputs.items()})
    for name, array in call.inputs.items():
        given[name][...] = array
    return model.run(given)


def _asynchronous(call: Setup) -> Arrays:
    return call.runtime.run_async(call.inputs).result(60)[call.model]


def _awaited(call: Setup) -> Arrays:
    async def wait() -> Any:
        return await call.runtime.run_async(call.inputs)

    return dict(asyncio.run(wait())[call.model])


def _given_outputs(call: Setup) -> Arrays:
    """Into arrays of any layout that begin with other values, beside which nothing may be written."""
    frames: dict[str, Array] = {}
    views: dict[str, Array] = {}
    for name, array in call.wanted.items():
        frames[name], views[name] = framed(array, call.random)
        frames[name][...] = 1
    result = call.runtime.run(call.inputs, outputs=views)[call.model]
    copies = {name: view.copy() for name, view in views.items()}
    for name, view in views.items():
        assert result[name] is view, f"output '{name}' is not the array that was given"
        view[...] = 1
        assert (frames[name] == 1).all(), f"output '{name}': something beside the given array was written"
    return copies


def _given_asynchronously(call: Setup) -> Arrays:
    views = {name: np.empty_like(array) for name, array in call.wanted.items()}
    return call.runtime.run_async(call.inputs, outputs=views).result(60)[call.model]


def _named_outputs(call: Setup) -> Arrays:
    names = call.random.sample(list(call.wanted), call.random.randint(0, len(call.wanted)))
    result = call.runtime.run(call.inputs, output_names=names)[call.model]
    assert list(result) == names, f"asked for {names}, given {list(result)}"
    return result


def _bound(call: Setup) -> Arrays:
    bound = call.runtime.bind(call.model, inputs=dict(call.inputs))
    bound.run()
    return bound.run()


def _bound_asynchronously(call: Setup) -> Arrays:
    return dict(call.runtime.bind(call.model, inputs=dict(call.inputs)).run_async().result(60))


def _queued(call: Setup) -> Arrays:
    errors: list[Any] = []
    with call.runtime.queue(call.model, on_drop=lambda _tag, _reason, error: errors.append(error)) as queue:
        queue.submit(dict(call.inputs))
        queue.submit(dict(call.inputs))
    if errors:
        raise errors[0]
    first, second = (result.outputs for result in queue)
    assert list(first) == list(second)
    return second


def _command_line(call: Setup) -> Arrays:
    """``hbm-runtime infer``, within this process."""
    dumps = call.folder / "dumps"
    archive = call.folder / "inputs.npz"
    arrays: dict[str, Any] = dict(call.inputs)
    np.savez(archive, **arrays)
    words = ["infer", "--model_file", str(call.file), "--input_file", str(archive)]
    words += ["--enable_dump", "--dump_path", str(dumps), "--dump_format", "npy", "--json"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(words)
    assert code == 0, f"hbm-runtime infer: exit code {code}: {said.getvalue().strip()}"
    files = sorted(dumps.iterdir(), key=lambda file: int(file.name.split("_")[3]))
    result = {name: np.load(file) for name, file in zip(call.wanted, files, strict=True)}
    for file in files:
        file.unlink()
    return result


def _library(call: Setup) -> Arrays:
    """The C++ library, in a program of its own."""
    return dict(zip(call.wanted, run_probe(call.file, call.inputs, call.folder), strict=True))


FORMS: dict[str, Form] = {
    "run of an array": _array,
    "run of a flat dict": _flat,
    "run of a nested dict": _nested,
    "run of device arrays": _device_inputs,
    "model.run": _view,
    "run_async": _asynchronous,
    "await": _awaited,
    "outputs=": _given_outputs,
    "run_async with outputs=": _given_asynchronously,
    "output_names=": _named_outputs,
    "bind": _bound,
    "bind, run_async": _bound_asynchronously,
    "queue": _queued,
}
"""Those within this process."""

TWICE = frozenset({"bind", "queue"})
"""Forms that compute twice, which models that draw random numbers cannot take."""

PROGRAMS: dict[str, Form] = {"hbm-runtime infer": _command_line, "C++": _library}
"""Those that take longer."""


def other_layout(array: Array, draw: random.Random) -> Array:
    """An equal array in another layout: with gaps, backwards, in another order, or as it is."""
    kind = draw.randrange(5)
    if kind == 0 or array.ndim == 0:
        return array
    if kind == 1:
        return np.asfortranarray(array)
    if kind == 2:
        return framed(array, draw)[1]
    if kind == 3:
        return array[::-1].copy()[::-1]
    order = draw.sample(range(array.ndim), array.ndim)
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


def framed(array: Array, draw: random.Random) -> tuple[Array, Array]:
    """An equal array as part of a larger one, which comes first."""
    steps = [draw.choice((1, 1, 2, 3)) for _ in array.shape]
    frame = np.zeros([size * step + 1 for size, step in zip(array.shape, steps, strict=True)], array.dtype)
    part = tuple(slice(0, size * step, step) for size, step in zip(array.shape, steps, strict=True))
    view: Array = frame[part] if part else frame
    view[...] = array
    return frame, view
