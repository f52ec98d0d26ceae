"""The arguments of a run: the three forms of inputs, given and chosen outputs, with the rules and texts of local runs.

The C++ side (`src/bindings/arguments/run_arguments.cpp`) does this for a runtime of its own; here there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hbm_runtime._errors import InputError
from hbm_runtime._models.naming import unknown_model, unknown_tensor
from hbm_runtime._running.hints import about_object

from ..models.facts import ModelFacts, TensorFacts
from ..transports.wire import Array
from .tensor_checks import as_array, check_input, check_target, is_array_like

Models = Mapping[str, ModelFacts]


@dataclass
class ModelRun:
    """What one model gets and gives in a call.

    Attributes:
        model: The model.
        inputs: An array for each of its inputs, in the model's order.
        targets: Arrays that the caller wants filled, by output.
        shown: Names of the outputs that are returned, in their order.
    """

    model: ModelFacts
    inputs: dict[str, Array]
    targets: dict[str, Array] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)


def parse_run(models: Models, inputs: Any, model_name: Any, outputs: Any, output_names: Any) -> list[ModelRun]:
    """Checks everything that one call is given, in the order of the call.

    Raises:
        InputError, ShapeError: Names, dtypes, shapes that do not fit.
        TypeError: Something of a wrong type.
    """
    chosen = None if model_name is None else model_of(models, text_of(model_name, "model_name"))
    given = _by_model(models, inputs, chosen)
    runs = [ModelRun(models[name], tensors) for name, tensors in given.items()]
    for run in runs:
        _add_outputs(models, run, outputs, output_names, several=len(runs) > 1)
    _refuse_overlaps(runs)
    for run in runs:
        _check(run)
    return runs


def model_of(models: Models, name: str) -> ModelFacts:
    """Returns a model by its name. Raises InputError for an unknown one."""
    if name not in models:
        raise unknown_model(models, name)
    return models[name]


def text_of(value: Any, what: str) -> str:
    """Returns a name given as str or bytes. Raises TypeError for others."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type_name(value)}")
    return str(value)


def type_name(value: object) -> str:
    """Returns the name of a value's type as the C++ side writes it."""
    kind = type(value)
    # Heap types have their bare name, those of extensions the module in front.
    is_heap_type = bool(kind.__flags__ & (1 << 9))
    return kind.__name__ if is_heap_type or kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _by_model(models: Models, inputs: Any, chosen: ModelFacts | None) -> dict[str, dict[str, Array]]:
    form = _form_of(inputs)
    if form == "nested":
        return _nested(models, inputs, chosen)
    model = chosen or _single(models)
    if form == "flat":
        return {model.name: _flat(model, inputs)}
    if len(model.inputs) != 1:
        raise InputError(
            f"model '{model.name}' has {len(model.inputs)} inputs; an array serves models with exactly one: "
            f"pass a dict with {_listed(model.inputs)}",
            model=model.name,
        )
    return {model.name: {next(iter(model.inputs)): as_array(inputs)}}


def _form_of(inputs: Any) -> str:
    if not isinstance(inputs, Mapping):
        if is_array_like(inputs):
            return "array"
        raise TypeError(
            "run() takes a numpy array, a dict of arrays by input name, or a dict of such dicts by model name; given "
            f"{type_name(inputs)} ({about_object(inputs)})"
        )
    nested = set()
    for key, value in _items(inputs):
        is_mapping = isinstance(value, Mapping)
        nested.add(is_mapping)
        if not is_mapping and not is_array_like(value):
            raise TypeError(f"input {key!r} must be a numpy array, not {type_name(value)} ({about_object(value)})")
    if len(nested) > 1:
        raise TypeError("the dict mixes arrays and dicts; give arrays by input name, or dicts by model name")
    return "nested" if True in nested else "flat"


def _single(models: Models) -> ModelFacts:
    if len(models) != 1:
        raise InputError(f"{len(models)} models are loaded: say which one by model_name, one of {_listed(models)}")
    return next(iter(models.values()))


def _flat(model: ModelFacts, inputs: Any) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for key, value in _items(inputs):
        name = _tensor_name(model, "input", model.inputs, key)
        if not is_array_like(value):
            raise TypeError(
                f"model '{model.name}', input '{name}' must be a numpy array, not {type_name(value)} "
                f"({about_object(value)})"
            )
        if name in found:
            raise InputError(f"model '{model.name}', input '{name}' is given twice", model=model.name, tensor=name)
        found[name] = as_array(value)
    return found


def _nested(models: Models, inputs: Any, chosen: ModelFacts | None) -> dict[str, dict[str, Array]]:
    found: dict[str, dict[str, Array]] = {}
    for key, value in _items(inputs):
        model = model_of(models, text_of(key, "a model name"))
        if chosen is not None and model is not chosen:
            continue
        if model.name in found:
            raise InputError(f"model '{model.name}' is given twice", model=model.name)
        found[model.name] = _flat(model, value)
    if chosen is not None and not found:
        raise InputError(
            f"model_name is '{chosen.name}', but the inputs have no entry for that model", model=chosen.name
        )
    return found


def _tensor_name(model: ModelFacts, role: str, tensors: Mapping[str, TensorFacts], key: Any) -> str:
    name = text_of(key, "an input name" if role == "input" else "an output name")
    if name not in tensors:
        raise unknown_tensor(model.name, role, tensors, name)
    return name


def _add_outputs(models: Models, run: ModelRun, outputs: Any, output_names: Any, *, several: bool) -> None:
    model = run.model
    arrays = _for_model(models, outputs, model, several=several, inner=lambda value: isinstance(value, Mapping))
    if arrays is not None:
        run.targets = _targets(model, arrays)
    shown = _for_model(models, output_names, model, several=several, inner=lambda _: True)
    run.shown = list(model.outputs) if shown is None else _chosen(model, shown)


def _targets(model: ModelFacts, arrays: Any) -> dict[str, Array]:
    if isinstance(arrays, Mapping):
        named = [(_tensor_name(model, "output", model.outputs, key), value) for key, value in _items(arrays)]
    elif len(model.outputs) == 1:
        named = [(next(iter(model.outputs)), arrays)]
    else:
        raise InputError(
            f"model '{model.name}' has {len(model.outputs)} outputs; pass outputs as a dict with any of "
            f"{_listed(model.outputs)}",
            model=model.name,
        )
    for name, value in named:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"outputs: '{name}' must be a numpy array, not {type_name(value)}")
    return dict(named)


def _chosen(model: ModelFacts, output_names: Any) -> list[str]:
    if isinstance(output_names, str) or not isinstance(output_names, Iterable):
        raise TypeError(f"output_names must be a list of output names, not {type_name(output_names)}")
    chosen: list[str] = []
    for key in output_names:
        name = _tensor_name(model, "output", model.outputs, key)
        if name in chosen:
            raise InputError(f"model '{model.name}': output_names has '{name}' twice", model=model.name, tensor=name)
        chosen.append(name)
    return chosen


def _for_model(models: Models, keyword: Any, model: ModelFacts, *, several: bool, inner: Any) -> Any:
    """Returns what a keyword says of one model: the entry under its name, or the keyword itself if one model runs."""
    if isinstance(keyword, Mapping) and all(inner(value) for _, value in _items(keyword)):
        found = None
        for key, value in _items(keyword):
            if model_of(models, text_of(key, "a model name")) is model:
                found = value
        return found
    if keyword is not None and several:
        raise InputError("several models run in this call: give outputs and output_names by model name")
    return keyword


def _refuse_overlaps(runs: Sequence[ModelRun]) -> None:
    """What is written by one call may be written or read by no other; a call's own inputs are read before."""
    seen: list[tuple[ModelRun, str]] = []
    for run in runs:
        for name in (name for name in run.model.outputs if name in run.targets):
            array = run.targets[name]
            others = [(of, "input", each, of.inputs[each]) for of in runs if of is not run for each in of.inputs]
            others += [(of, "output", each, of.targets[each]) for of, each in seen]
            for of, role, each, other in others:
                if np.may_share_memory(array, other) and np.shares_memory(array, other):
                    raise InputError(
                        f"model '{run.model.name}', output '{name}': the array shares memory with that of {role} "
                        f"'{each}' of model '{of.model.name}'",
                        model=run.model.name,
                        tensor=name,
                    )
            seen.append((run, name))


def _check(run: ModelRun) -> None:
    for name, facts in run.model.inputs.items():
        check_input(run.model, facts, run.inputs.get(name))
    for name, facts in run.model.outputs.items():
        check_target(run.model, facts, run.targets.get(name))
    run.inputs = {name: run.inputs[name] for name in run.model.inputs}


def _items(mapping: Any) -> Iterator[tuple[Any, Any]]:
    for item in mapping.items():
        if not isinstance(item, tuple) or len(item) != 2:
            raise TypeError(f"items() of a mapping must give pairs of key and value, not {type_name(item)}")
        yield item


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
