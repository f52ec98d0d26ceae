"""Scheduling parameters: defaults, how they are set, overrides for one call, and what is refused."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.checks import Part, mentions
from support.live import Held, allocation_calls
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, InputError, SchedParam

X = np.ones((2, 3), np.float32)
Values = tuple[int, int, list[int], int]
BUILT_IN: Values = (0, 0, [-1], 0)


def values(param: SchedParam) -> tuple[Any, ...]:
    return param.priority, param.customId, param.bpu_cores, param.deviceId


def defaults(runtime: HB_HBMRuntime) -> dict[str, tuple[Any, ...]]:
    return {name: values(param) for name, param in runtime.sched_params.items()}


def two(models: ModelFactory) -> HB_HBMRuntime:
    return HB_HBMRuntime([models.scaled(3), models.scaled(2)])


def test_built_in_defaults(models: ModelFactory) -> None:
    runtime = two(models)
    assert defaults(runtime) == {"times_3": BUILT_IN, "times_2": BUILT_IN}
    assert list(runtime.sched_params) == ["times_3", "times_2"]
    assert all(type(param) is SchedParam for param in runtime.sched_params.values())


SETTINGS: dict[str, tuple[dict[str, Any], Values]] = {
    "nothing": ({}, BUILT_IN),
    "only None": ({"priority": None, "bpu_cores": None, "custom_id": None, "device_id": None}, BUILT_IN),
    "empty dicts": ({"priority": {}, "bpu_cores": {}, "custom_id": {}, "device_id": {}}, BUILT_IN),
    "priority": ({"priority": {"times_2": 200}}, (200, 0, [-1], 0)),
    "lowest priority": ({"priority": {"times_2": 0}}, BUILT_IN),
    "highest priority": ({"priority": {"times_2": 255}}, (255, 0, [-1], 0)),
    "cores": ({"bpu_cores": {"times_2": [0, 1]}}, (0, 0, [0, 1], 0)),
    "all cores": ({"bpu_cores": {"times_2": [3, 2, 1, 0]}}, (0, 0, [3, 2, 1, 0], 0)),
    "cores as tuple": ({"bpu_cores": {"times_2": (2,)}}, (0, 0, [2], 0)),
    "cores as range": ({"bpu_cores": {"times_2": range(3)}}, (0, 0, [0, 1, 2], 0)),
    "cores as array": ({"bpu_cores": {"times_2": np.array([1, 3])}}, (0, 0, [1, 3], 0)),
    "automatic": ({"bpu_cores": {"times_2": [-1]}}, BUILT_IN),
    "custom id": ({"custom_id": {"times_2": 2**62}}, (0, 2**62, [-1], 0)),
    "negative custom id": ({"custom_id": {"times_2": -5}}, (0, -5, [-1], 0)),
    "device": ({"device_id": {"times_2": 0}}, BUILT_IN),
    "numpy integers": (
        {"priority": {"times_2": np.uint8(9)}, "custom_id": {"times_2": np.int64(4)}},
        (9, 4, [-1], 0),
    ),
    "bool": ({"priority": {"times_2": True}}, (1, 0, [-1], 0)),
    "other mapping": ({"priority": OrderedDict(times_2=4)}, (4, 0, [-1], 0)),
    "everything": (
        {
            "priority": {"times_2": 5},
            "bpu_cores": {"times_2": [1]},
            "custom_id": {"times_2": 7},
            "device_id": {"times_2": 0},
        },
        (5, 7, [1], 0),
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_setting_defaults(models: ModelFactory, case: str) -> None:
    keywords, expected = SETTINGS[case]
    runtime = two(models)
    runtime.set_scheduling_params(**keywords)
    assert defaults(runtime) == {"times_3": BUILT_IN, "times_2": expected}
    np.testing.assert_array_equal(runtime.run(X, model_name="times_2")["times_2"]["y"], 2 * X)


def test_no_cores_means_automatic(models: ModelFactory) -> None:
    runtime = two(models)
    runtime.set_scheduling_params(bpu_cores={"times_2": [2]})
    runtime.set_scheduling_params(bpu_cores={"times_2": []})
    assert runtime.sched_params["times_2"].bpu_cores in ([], [-1])
    runtime.run(X, model_name="times_2")


def test_arguments_may_be_positional_in_the_manuals_order(models: ModelFactory) -> None:
    runtime = two(models)
    runtime.set_scheduling_params({"times_2": 3}, {"times_2": [1]}, {"times_2": 8}, {"times_2": 0})
    assert defaults(runtime)["times_2"] == (3, 8, [1], 0)


def test_a_setting_changes_only_what_it_names(models: ModelFactory) -> None:
    runtime = two(models)
    runtime.set_scheduling_params(priority={"times_2": 200, "times_3": 100}, bpu_cores={"times_2": [0, 1]})
    runtime.set_scheduling_params(custom_id={"times_3": 4})
    assert defaults(runtime) == {"times_3": (100, 4, [-1], 0), "times_2": (200, 0, [0, 1], 0)}


class Bad(NamedTuple):
    """Keywords, the error, what its text has."""

    keywords: dict[str, Any]
    error: type[Exception] | tuple[type[Exception], ...]
    parts: tuple[Part, ...] = ()


BAD: dict[str, Bad] = {
    "priority below 0": Bad({"priority": {"times_2": -1}}, InputError, ("'times_2'", -1, 0, 255)),
    "priority above 255": Bad({"priority": {"times_2": 256}}, InputError, ("'times_2'", 256, 0, 255)),
    "core above 3": Bad({"bpu_cores": {"times_2": [4]}}, InputError, ("'times_2'", 4)),
    "core below -1": Bad({"bpu_cores": {"times_2": [-2]}}, InputError, ("'times_2'", -2)),
    "core and automatic": Bad({"bpu_cores": {"times_2": [0, -1]}}, InputError, ("'times_2'", -1)),
    "one core of many wrong": Bad({"bpu_cores": {"times_2": [0, 1, 9]}}, InputError, ("'times_2'", 9)),
    "unknown model in priority": Bad({"priority": {"tims_2": 1}}, InputError, ("'tims_2'", "times_3", "times_2")),
    "unknown model in bpu_cores": Bad({"bpu_cores": {"tims_2": [1]}}, InputError, ("'tims_2'", "times_3", "times_2")),
    "unknown model in custom_id": Bad({"custom_id": {"tims_2": 1}}, InputError, ("'tims_2'", "times_3", "times_2")),
    "unknown model in device_id": Bad({"device_id": {"tims_2": 0}}, InputError, ("'tims_2'", "times_3", "times_2")),
    "priority is a float": Bad({"priority": {"times_2": 1.0}}, TypeError),
    "priority is text": Bad({"priority": {"times_2": "1"}}, TypeError),
    "priority is None": Bad({"priority": {"times_2": None}}, TypeError),
    "priority is no mapping": Bad({"priority": 5}, TypeError),
    "priority is a list of pairs": Bad({"priority": [("times_2", 5)]}, TypeError),
    "cores are a number": Bad({"bpu_cores": {"times_2": 1}}, TypeError),
    "cores are text": Bad({"bpu_cores": {"times_2": "01"}}, TypeError),
    "cores hold a float": Bad({"bpu_cores": {"times_2": [0.0]}}, TypeError),
    "cores hold None": Bad({"bpu_cores": {"times_2": [None]}}, TypeError),
    "custom id is a float": Bad({"custom_id": {"times_2": 1.5}}, TypeError),
    "device is text": Bad({"device_id": {"times_2": "0"}}, TypeError),
    "key is no text": Bad({"priority": {3: 1}}, TypeError),
    "unknown keyword": Bad({"prio": {"times_2": 1}}, TypeError),
    "attribute's name as keyword": Bad({"customId": {"times_2": 1}}, TypeError),
    "custom id beyond 64 bits": Bad({"custom_id": {"times_2": 2**63}}, (InputError, TypeError)),
    "negative device": Bad({"device_id": {"times_2": -1}}, (InputError, TypeError)),
    "priority beyond 64 bits": Bad({"priority": {"times_2": 2**80}}, (InputError, TypeError)),
}


@pytest.mark.parametrize("where", ["set_scheduling_params", "run", "run of another model"])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_setting_is_refused_and_nothing_changes(models: ModelFactory, case: str, where: str) -> None:
    bad = BAD[case]
    runtime = two(models)
    runtime.set_scheduling_params(priority={"times_2": 7, "times_3": 8}, bpu_cores={"times_2": [1]})
    runtime.run(X, model_name="times_2")
    before, held, calls = defaults(runtime), Held.now(), allocation_calls()
    calls_by_place: dict[str, Any] = {
        "set_scheduling_params": runtime.set_scheduling_params,
        "run": functools.partial(runtime.run, X, "times_2"),
        "run of another model": functools.partial(runtime.run, X, "times_3"),
    }
    with pytest.raises(bad.error) as caught:
        calls_by_place[where](**bad.keywords)
    mentions(caught.value, *bad.parts)
    assert defaults(runtime) == before
    assert (Held.now(), allocation_calls()) == (held, calls)
    np.testing.assert_array_equal(runtime.run(X, model_name="times_2")["times_2"]["y"], 2 * X)


MIXED_WITH_GOOD: dict[str, dict[str, Any]] = {
    "good field first": {"priority": {"times_2": 99}, "bpu_cores": {"times_2": [9]}},
    "bad field first": {"priority": {"times_2": 999}, "bpu_cores": {"times_2": [2]}},
    "good model first": {"priority": {"times_3": 99, "times_2": 999}},
    "bad model first": {"priority": {"times_2": 999, "times_3": 99}},
    "unknown model last": {"custom_id": {"times_2": 5, "times_3": 5, "tims_2": 5}},
    "last field bad": {"priority": {"times_2": 9}, "custom_id": {"times_2": 9}, "device_id": {"tims_2": 0}},
}


@pytest.mark.parametrize("case", MIXED_WITH_GOOD)
def test_a_setting_is_taken_as_a_whole_or_not_at_all(models: ModelFactory, case: str) -> None:
    runtime = two(models)
    with pytest.raises(InputError):
        runtime.set_scheduling_params(**MIXED_WITH_GOOD[case])
    assert defaults(runtime) == {"times_3": BUILT_IN, "times_2": BUILT_IN}


def test_overrides_of_a_call_leave_the_defaults_alone(models: ModelFactory) -> None:
    runtime = two(models)
    runtime.set_scheduling_params(priority={"times_2": 200}, bpu_cores={"times_2": [0, 1]})
    before = defaults(runtime)
    inputs = {"times_2": {"x": X}, "times_3": {"x": X}}
    result = runtime.run(
        inputs,
        priority={"times_2": 50, "times_3": 60},
        bpu_cores={"times_3": [3]},
        custom_id={"times_2": 1},
        device_id={"times_3": 0},
    )
    assert list(result) == ["times_2", "times_3"]
    assert defaults(runtime) == before


def test_an_override_may_name_a_loaded_model_that_does_not_run(models: ModelFactory) -> None:
    runtime = two(models)
    result = runtime.run({"times_2": {"x": X}}, priority={"times_2": 1, "times_3": 2})
    assert list(result) == ["times_2"]


def test_overrides_of_many_threads_do_not_meet(models: ModelFactory) -> None:
    runtime = two(models)
    wrong: list[object] = []

    def work(core: int) -> None:
        for i in range(50):
            result = runtime.run(
                np.full((2, 3), i, np.float32),
                model_name="times_2",
                priority={"times_2": core},
                bpu_cores={"times_2": [core]},
                custom_id={"times_2": i},
            )
            if result["times_2"]["y"][0, 0] != 2 * i or defaults(runtime)["times_2"] != BUILT_IN:
                wrong.append((core, i, result))

    threads = [threading.Thread(target=work, args=(core,)) for core in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


CORE_COUNTS: dict[str, tuple[int, list[int], bool]] = {
    "one core, any one": (1, [3], True),
    "one core, a choice": (1, [0, 1], True),
    "one core, all": (1, [0, 1, 2, 3], True),
    "two cores, automatic": (2, [-1], True),
    "two cores, empty": (2, [], True),
    "two cores, the first two": (2, [0, 1], True),
    "two cores, any two": (2, [3, 1], True),
    "two cores, too few": (2, [0], False),
    "two cores, too many": (2, [0, 1, 2], False),
    "two cores, one twice": (2, [1, 1], False),
    "four cores, automatic": (4, [-1], True),
    "four cores, all": (4, [0, 1, 2, 3], True),
    "four cores, three": (4, [0, 1, 2], False),
}


@pytest.mark.parametrize("where", ["set_scheduling_params", "run", "run of another model"])
@pytest.mark.parametrize("case", CORE_COUNTS)
def test_a_model_compiled_for_several_cores_gets_exactly_that_many(models: ModelFactory, case: str, where: str) -> None:
    compiled, cores, fits = CORE_COUNTS[case]
    name = f"cores_{compiled}"
    runtime = HB_HBMRuntime(models.cores(compiled))

    def go() -> Any:
        if where == "run":
            return runtime.run(X, bpu_cores={name: cores})
        runtime.set_scheduling_params(bpu_cores={name: cores})
        return runtime.run(X)

    if fits:
        np.testing.assert_array_equal(go()[name]["y"], 2 * X)
    else:
        with pytest.raises(InputError) as caught:
            go()
        mentions(caught.value, f"'{name}'", compiled)
        np.testing.assert_array_equal(runtime.run(X, bpu_cores={name: [-1]})[name]["y"], 2 * X)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_without_a_choice_every_model_runs(models: ModelFactory, count: int) -> None:
    np.testing.assert_array_equal(HB_HBMRuntime(models.cores(count)).run(X)[f"cores_{count}"]["y"], 2 * X)


def test_snapshots_are_copies(models: ModelFactory) -> None:
    runtime = two(models)
    param = runtime.sched_params["times_2"]
    param.priority = 99
    param.bpu_cores = [2]
    spoiled: Any = runtime.sched_params["times_2"].bpu_cores
    spoiled.append(3)
    assert defaults(runtime)["times_2"] == BUILT_IN
