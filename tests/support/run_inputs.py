"""Inputs for runs of the small models of `support.model_factory`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hbm_runtime import HB_HBMRuntime
from support.dtypes import Array
from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)


MIXED: dict[str, Array] = {
    "gain": X,
    "count": np.array([1, -2, 3, 2**31 - 1], np.int32),
    "mask": np.arange(10, dtype=np.uint8).reshape(2, 5),
}


def one(models: ModelFactory) -> HB_HBMRuntime:
    """One model, one input: ``times_2``."""
    return HB_HBMRuntime(models.scaled(2))


class Inputs(Mapping[str, Any]):
    """A mapping that is no dict and knows nothing but the protocol."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values_of = values

    def __getitem__(self, key: str) -> Any:
        return self.values_of[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_of)

    def __len__(self) -> int:
        return len(self.values_of)


def check_mixed(outputs: Mapping[str, Array]) -> None:
    assert list(outputs) == ["zulu", "alpha", "mike"]
    np.testing.assert_array_equal(outputs["zulu"], 2 * X)
    np.testing.assert_array_equal(outputs["alpha"], -MIXED["count"])
    np.testing.assert_array_equal(outputs["mike"], MIXED["mask"].T)
