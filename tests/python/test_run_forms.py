"""run(): its three forms, how the model is chosen, and what a call with a wrong name or form says."""

from __future__ import annotations

import inspect
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.checks import Part, mentions
from support.live import Held, allocation_calls
from support.model_factory import ModelFactory
from support.run_inputs import MIXED, Inputs, X, check_mixed, one

from hbm_runtime import HB_HBMRuntime, InputError


def several(models: ModelFactory) -> HB_HBMRuntime:
    """``times_3``, ``times_2`` and ``mixed``."""
    return HB_HBMRuntime([models.scaled(3), models.scaled(2), models.mixed()])


SINGLE: dict[str, Callable[[HB_HBMRuntime], Any]] = {
    "array": lambda rt: rt.run(X),
    "input_tensor=": lambda rt: rt.run(input_tensor=X),
    "array, model_name=": lambda rt: rt.run(X, model_name="times_2"),
    "array, name positional": lambda rt: rt.run(X, "times_2"),
    "input_tensor=, model_name=": lambda rt: rt.run(model_name="times_2", input_tensor=X),
    "array, model_name=None": lambda rt: rt.run(X, model_name=None),
    "flat dict": lambda rt: rt.run({"x": X}),
    "input_tensors=": lambda rt: rt.run(input_tensors={"x": X}),
    "flat dict, model_name=": lambda rt: rt.run({"x": X}, model_name="times_2"),
    "nested dict": lambda rt: rt.run({"times_2": {"x": X}}),
    "multi_input_tensors=": lambda rt: rt.run(multi_input_tensors={"times_2": {"x": X}}),
    "nested dict, model_name=": lambda rt: rt.run({"times_2": {"x": X}}, model_name="times_2"),
    "everything given": lambda rt: rt.run(
        X,
        model_name="times_2",
        priority={"times_2": 5},
        bpu_cores={"times_2": [0]},
        custom_id={"times_2": 1},
        device_id={"times_2": 0},
    ),
    "everything None": lambda rt: rt.run(
        X, model_name=None, priority=None, bpu_cores=None, custom_id=None, device_id=None
    ),
}


@pytest.mark.parametrize("form", SINGLE)
def test_every_form_of_a_model_with_one_input(models: ModelFactory, form: str) -> None:
    result = SINGLE[form](one(models))
    assert type(result) is dict
    assert list(result) == ["times_2"]
    assert type(result["times_2"]) is dict
    assert list(result["times_2"]) == ["y"]
    assert type(result["times_2"]["y"]) is np.ndarray
    np.testing.assert_array_equal(result["times_2"]["y"], 2 * X)


MAPPINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dict": dict,
    "reversed dict": lambda d: dict(reversed(list(d.items()))),
    "OrderedDict": OrderedDict,
    "UserDict": UserDict,
    "MappingProxyType": MappingProxyType,
    "ChainMap": ChainMap,
    "own Mapping": Inputs,
    "bytes keys": lambda d: {key.encode(): value for key, value in d.items()},
    "numpy.str_ keys": lambda d: {np.str_(key): value for key, value in d.items()},
}


@pytest.mark.parametrize("kind", MAPPINGS)
def test_any_mapping_in_any_order(models: ModelFactory, kind: str) -> None:
    runtime, wrap = HB_HBMRuntime(models.mixed()), MAPPINGS[kind]
    check_mixed(runtime.run(wrap(MIXED))["mixed"])
    check_mixed(runtime.run(wrap({"mixed": wrap(MIXED)}))["mixed"])


def test_several_models_at_once_in_the_order_of_the_call(models: ModelFactory) -> None:
    runtime = several(models)
    given: dict[str, Any] = {"mixed": MIXED, "times_2": {"x": X}, "times_3": {"x": X}}
    result = runtime.run(given)
    assert list(result) == list(given)
    assert list(runtime.run(dict(reversed(given.items())))) == list(reversed(given))
    assert list(runtime.run_async(given).result(30)) == list(given)
    np.testing.assert_array_equal(result["times_3"]["y"], 3 * X)
    np.testing.assert_array_equal(result["times_2"]["y"], 2 * X)
    check_mixed(result["mixed"])


CHOICES: dict[str, tuple[Callable[[HB_HBMRuntime], Any], dict[str, float]]] = {
    "array with name": (lambda rt: rt.run(X, model_name="times_2"), {"times_2": 2}),
    "array with positional name": (lambda rt: rt.run(X, "times_3"), {"times_3": 3}),
    "flat dict with name": (lambda rt: rt.run({"x": X}, model_name="times_3"), {"times_3": 3}),
    "nested, one of three": (lambda rt: rt.run({"times_2": {"x": X}}), {"times_2": 2}),
    "nested, two of three": (
        lambda rt: rt.run({"times_2": {"x": X}, "times_3": {"x": X}}),
        {"times_2": 2, "times_3": 3},
    ),
    "nested, filtered by name": (
        lambda rt: rt.run({"times_2": {"x": X}, "times_3": {"x": X}}, model_name="times_2"),
        {"times_2": 2},
    ),
}


@pytest.mark.parametrize("case", CHOICES)
def test_which_models_run(models: ModelFactory, case: str) -> None:
    call, factors = CHOICES[case]
    result = call(several(models))
    assert list(result) == list(factors)
    for name, factor in factors.items():
        np.testing.assert_array_equal(result[name]["y"], factor * X)


class BadCall(NamedTuple):
    """A call, the error it raises, what the text has."""

    call: Callable[[Any], Any]
    error: type[Exception]
    parts: tuple[Part, ...] = ()


NAMES = ("times_3", "times_2", "mixed")
BAD_CALLS: dict[str, BadCall] = {
    "array, several models": BadCall(lambda rt: rt.run(X), InputError, ("model_name", *NAMES)),
    "flat dict, several models": BadCall(lambda rt: rt.run({"x": X}), InputError, ("model_name", *NAMES)),
    "empty dict, several models": BadCall(lambda rt: rt.run({}), InputError, ("model_name",)),
    "array, unknown model": BadCall(lambda rt: rt.run(X, model_name="tims_2"), InputError, ("'tims_2'", *NAMES)),
    "array, empty name": BadCall(lambda rt: rt.run(X, model_name=""), InputError, NAMES),
    "flat dict, unknown model": BadCall(
        lambda rt: rt.run({"x": X}, model_name="tims_2"), InputError, ("'tims_2'", *NAMES)
    ),
    "nested, unknown model": BadCall(lambda rt: rt.run({"tims_2": {"x": X}}), InputError, ("'tims_2'", *NAMES)),
    "nested, one known and one unknown model": BadCall(
        lambda rt: rt.run({"times_2": {"x": X}, "tims_2": {"x": X}}), InputError, ("'tims_2'", *NAMES)
    ),
    "nested, name not among the given": BadCall(
        lambda rt: rt.run({"times_2": {"x": X}}, model_name="times_3"), InputError, ("'times_3'", "model_name")
    ),
    "nested, unknown name": BadCall(
        lambda rt: rt.run({"times_2": {"x": X}}, model_name="tims_2"), InputError, ("'tims_2'", "times_2")
    ),
    "array to a model with three inputs": BadCall(
        lambda rt: rt.run(X, model_name="mixed"), InputError, ("'mixed'", 3, "gain", "count", "mask")
    ),
    "unknown input": BadCall(
        lambda rt: rt.run({"times_2": {"z": X}}), InputError, ("'times_2'", "'z'", ("'x'", "[x]", " x"))
    ),
    "one input too many": BadCall(
        lambda rt: rt.run({"times_2": {"x": X, "z": X}}), InputError, ("'times_2'", "'z'", ("'x'", "[x]", " x"))
    ),
    "missing input": BadCall(
        lambda rt: rt.run({"mixed": {"gain": X, "mask": MIXED["mask"]}}), InputError, ("'mixed'", "'count'", "missing")
    ),
    "no inputs": BadCall(lambda rt: rt.run({"times_2": {}}), InputError, ("'times_2'", "'x'", "missing")),
    "misspelt input": BadCall(
        lambda rt: rt.run({"mixed": {"gain": X, "cuont": MIXED["count"], "mask": MIXED["mask"]}}),
        InputError,
        ("'mixed'", "'cuont'", "gain", "count", "mask"),
    ),
    "name is a number": BadCall(lambda rt: rt.run(X, model_name=3), TypeError),
    "name is a list": BadCall(lambda rt: rt.run(X, model_name=["times_2"]), TypeError),
    "unknown keyword": BadCall(lambda rt: rt.run(X, model_nmae="times_2"), TypeError),
    "no argument": BadCall(lambda rt: rt.run(), TypeError),
    "no tensors, only a name": BadCall(lambda rt: rt.run(model_name="times_2"), TypeError),
    "two forms at once": BadCall(lambda rt: rt.run(X, input_tensors={"x": X}, model_name="times_2"), TypeError),
    "list": BadCall(lambda rt: rt.run([X], model_name="times_2"), TypeError),
    "tuple": BadCall(lambda rt: rt.run((X,), model_name="times_2"), TypeError),
    "None": BadCall(lambda rt: rt.run(None, model_name="times_2"), TypeError),
    "int": BadCall(lambda rt: rt.run(3, model_name="times_2"), TypeError),
    "float": BadCall(lambda rt: rt.run(3.5, model_name="times_2"), TypeError),
    "numpy scalar": BadCall(lambda rt: rt.run(np.float32(1), model_name="times_2"), TypeError),
    "text": BadCall(lambda rt: rt.run("x", model_name="times_2"), TypeError),
    "list in a flat dict": BadCall(lambda rt: rt.run({"x": X.tolist()}, model_name="times_2"), TypeError, ("'x'",)),
    "None in a flat dict": BadCall(lambda rt: rt.run({"x": None}, model_name="times_2"), TypeError, ("'x'",)),
    "number in a flat dict": BadCall(lambda rt: rt.run({"x": 3}, model_name="times_2"), TypeError, ("'x'",)),
    "list in a nested dict": BadCall(lambda rt: rt.run({"times_2": {"x": X.tolist()}}), TypeError, ("'x'",)),
    "None in a nested dict": BadCall(lambda rt: rt.run({"times_2": {"x": None}}), TypeError, ("'x'",)),
    "text in a nested dict": BadCall(lambda rt: rt.run({"times_2": {"x": "1"}}), TypeError, ("'x'",)),
    "pairs instead of a dict": BadCall(lambda rt: rt.run([("x", X)], model_name="times_2"), TypeError),
    "tensors and dicts mixed": BadCall(lambda rt: rt.run({"times_2": {"x": X}, "x": X}), TypeError),
    "key is a number": BadCall(lambda rt: rt.run({1: X}, model_name="times_2"), TypeError),
    "one model under two keys": BadCall(
        lambda rt: rt.run({"times_2": {"x": X}, b"times_2": {"x": X}}), InputError, ("'times_2'", "twice")
    ),
    "one input under two keys": BadCall(
        lambda rt: rt.run({"times_2": {"x": X, b"x": X}}), InputError, ("'times_2'", "'x'", "twice")
    ),
    "time-out is text": BadCall(lambda rt: rt.run(X, "times_2", timeout="5"), TypeError, ("timeout", "str")),
    "time-out is a list": BadCall(lambda rt: rt.run(X, "times_2", timeout=[5]), TypeError, ("timeout", "list")),
    "time-out is negative": BadCall(lambda rt: rt.run(X, "times_2", timeout=-1), InputError, ("timeout", -1)),
    "time-out is no number": BadCall(lambda rt: rt.run(X, "times_2", timeout=float("nan")), InputError, ("timeout",)),
    "time-out beyond floats": BadCall(lambda rt: rt.run(X, "times_2", timeout=10**400), InputError, ("timeout",)),
    "name given twice": BadCall(lambda rt: rt.run(X, "times_2", model_name="times_2"), TypeError),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_bad_calls_are_refused_before_anything_happens(models: ModelFactory, case: str) -> None:
    bad = BAD_CALLS[case]
    runtime = several(models)
    runtime.run({"times_2": {"x": X}})
    held, calls = Held.now(), allocation_calls()
    with pytest.raises(bad.error) as caught:
        bad.call(runtime)
    if bad.error is TypeError:
        assert not isinstance(caught.value, ValueError)
    mentions(caught.value, *bad.parts)
    assert (Held.now(), allocation_calls()) == (held, calls)
    np.testing.assert_array_equal(runtime.run({"times_2": {"x": X}})["times_2"]["y"], 2 * X)


def test_a_model_without_inputs_takes_an_empty_dict_and_no_array(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.constant())
    result = runtime.run({})
    np.testing.assert_array_equal(result["constant"]["y"], [1, 2, 3])
    np.testing.assert_array_equal(runtime.run({"constant": {}})["constant"]["y"], [1, 2, 3])
    with pytest.raises(InputError, match="constant"):
        runtime.run(X)


def test_the_keywords_are_documented() -> None:
    text = inspect.getdoc(HB_HBMRuntime.run) or ""
    for keyword in ("model_name", "priority", "bpu_cores", "custom_id", "device_id"):
        assert keyword in text
