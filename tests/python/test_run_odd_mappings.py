"""Mappings that behave oddly while a run reads its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from support.model_factory import ModelFactory
from support.run_inputs import MIXED, Inputs, X, check_mixed, one

from hbm_runtime import HB_HBMRuntime, InputError


def test_a_mapping_that_raises_passes_its_error_on(models: ModelFactory) -> None:
    class Angry(Inputs):
        def __getitem__(self, key: str) -> Any:
            raise LookupError("no such sensor")

        def items(self) -> Any:
            raise LookupError("no such sensor")

    runtime = one(models)
    with pytest.raises(LookupError, match="no such sensor"):
        runtime.run(Angry({"x": X}))
    np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)


class Items(Mapping[str, Any]):
    """A mapping that answers ``items()`` with whatever it was made with."""

    def __init__(self, items: Any) -> None:
        self.given = items

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1

    def items(self) -> Any:
        return self.given


ODD_ITEMS: dict[str, Any] = {
    "numbers": [1, 2],
    "lonely keys": [("x",)],
    "triples": [("x", X, X)],
    "lists": [["x", X]],
    "nothing to iterate over": None,
    "a key that has no hash": [([], X)],
}


@pytest.mark.parametrize("case", ODD_ITEMS)
def test_a_mapping_whose_items_are_no_pairs_is_a_type_error(models: ModelFactory, case: str) -> None:
    runtime, items = one(models), Items(ODD_ITEMS[case])
    calls: list[Callable[[], Any]] = [
        lambda: runtime.run(items),
        lambda: runtime.run({"times_2": items}),
        lambda: runtime.run(X, priority=items),
        lambda: runtime.set_scheduling_params(bpu_cores=items),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)


ODD_NAMES: dict[str, Any] = {
    "NUL": "x\0y",
    "NUL in bytes": b"x\0y",
    "half a surrogate pair": "\ud800",
    "bytes that are no text": b"\xff",
}


@pytest.mark.parametrize("case", ODD_NAMES)
def test_odd_names_are_wrong_names_and_nothing_worse(models: ModelFactory, case: str) -> None:
    runtime, name = one(models), ODD_NAMES[case]
    calls: list[Callable[[], Any]] = [
        lambda: runtime.run({name: X}),
        lambda: runtime.run({name: {"x": X}}),
        lambda: runtime.run(X, model_name=name),
        lambda: runtime.run(X, priority={name: 1}),
    ]
    for call in calls:
        with pytest.raises(InputError, match="times_2") as caught:
            call()
        assert "\0" not in str(caught.value)
    np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)


def test_a_dict_may_change_while_its_values_are_read(models: ModelFactory) -> None:
    class Emptying:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            inputs.clear()
            inputs.update({f"other {i}": np.zeros(i) for i in range(100)})
            return X

    runtime = HB_HBMRuntime(models.mixed())
    inputs: dict[str, Any] = {"gain": Emptying(), "count": MIXED["count"], "mask": MIXED["mask"]}
    with pytest.raises(InputError):
        runtime.run(inputs)
    check_mixed(runtime.run(MIXED)["mixed"])


def test_run_inside_run(models: ModelFactory) -> None:
    """A mapping may use the runtime while its values are read."""
    runtime = one(models)

    class Chained(Inputs):
        def items(self) -> Any:
            return {"x": runtime.run(X)["times_2"]["y"]}.items()

        def __getitem__(self, key: str) -> Any:
            return runtime.run(X)["times_2"]["y"]

    np.testing.assert_array_equal(runtime.run(Chained({"x": X}))["times_2"]["y"], 4 * X)
