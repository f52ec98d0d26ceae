"""What a trained model of a published wheel is, and how inputs of plausible shapes are made for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from support.dtypes import Array

from hbm_runtime.demo.assets import Wheel

Dim = int | str
Make = Callable[[Mapping[str, int], np.random.Generator], Array]
"""Makes an input from the sizes of a call."""


@dataclass(frozen=True)
class RealModel:
    """A model in a wheel.

    Attributes:
        wheel: Where it is published.
        member: Its path in the wheel.
        kind: What it is for.
        inputs: How its inputs are made, by name.
        sizes: The calls' sizes, one after the other.
        state: Outputs that are inputs of the next call.
    """

    wheel: Wheel
    member: str
    kind: str
    inputs: Mapping[str, Make]
    sizes: Sequence[Mapping[str, int]] = ({},)
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the wheel and of the file."""
        return f"{self.wheel.requirement.partition('==')[0]}-{self.member.rpartition('/')[2].removesuffix('.onnx')}"

    def arrays(self, call: int) -> dict[str, Array]:
        """Inputs of a call; always the same ones."""
        rng = np.random.default_rng([call, *self.name.encode()])
        return {name: make(self.sizes[call], rng) for name, make in self.inputs.items()}


def _shape(dims: Sequence[Dim], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(dim if isinstance(dim, int) else sizes[dim] for dim in dims)


def noise(*dims: Dim, scale: float = 1.0) -> Make:
    """Normal float32 numbers: features, states, or with a small scale sound."""
    return lambda sizes, rng: np.asarray(rng.normal(0, scale, _shape(dims, sizes)), np.float32)


def pixels(*dims: Dim, most: float = 1.0) -> Make:
    """A smooth picture with some noise, 0 to ``most``."""

    def make(sizes: Mapping[str, int], rng: np.random.Generator) -> Array:
        shape = _shape(dims, sizes)
        smooth = np.sin(np.arange(np.prod(shape), dtype=np.float32).reshape(shape) * 0.01) * 0.4 + 0.5
        return np.asarray(most * np.clip(smooth + rng.normal(0, 0.05, shape), 0, 1), np.float32)

    return make


def numbers(dtype: Any, below: int, *dims: Dim) -> Make:
    """Whole numbers from 0 on: characters, bytes."""
    return lambda sizes, rng: np.asarray(rng.integers(0, below, _shape(dims, sizes)), dtype)


def value(dtype: Any, number: float, *dims: Dim) -> Make:
    """One number all over: rates, limits."""
    return lambda sizes, _: np.full(_shape(dims, sizes), number, dtype)


def lengths(size: str, *dims: Dim) -> Make:
    """How much of each row is valid: all of the first, less of the others."""
    return lambda sizes, _: np.array([sizes[size] - 7 * i for i in range(_shape(dims, sizes)[0])], np.int64)


def wheel(requirement: str, sha256: str, platform: str = "any") -> Wheel:
    """A published wheel, pinned by its hash."""
    return Wheel(requirement, sha256, platform)


ROWS: Sequence[Mapping[str, int]] = ({"N": 1}, {"N": 3}, {"N": 1})
"""Calls with batches of several sizes, one of them twice."""
