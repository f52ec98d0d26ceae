"""Shapes of tensors."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, overload

from .._errors import ShapeError


class Shape(tuple[int, ...]):
    """The dimensions of a tensor: a tuple of int in which -1 stands for a dynamic one.

    Attributes:
        names: Names of symbolic dimensions, "" for others.
    """

    __module__ = "hbm_runtime"

    names: tuple[str, ...]

    @overload
    def __new__(cls, *dimensions: int, names: Iterable[str] = ()) -> Shape: ...
    @overload
    def __new__(cls, dimensions: Iterable[int] = (), names: Iterable[str] = (), /) -> Shape: ...
    @overload
    def __new__(cls, dimensions: Iterable[int], *, names: Iterable[str] = ()) -> Shape: ...
    def __new__(cls, *given: Any, dimensions: Iterable[int] | None = None, names: Iterable[str] = ()) -> Shape:
        """Makes ``Shape(1, 3, 224)`` or ``Shape([1, 3, 224])``, with names ``Shape(-1, 3, names=["N", ""])``.

        Args:
            given: The dimensions one by one; or an iterable of them, and the names behind it.
            dimensions: The same as an iterable.
            names: Names of symbolic dimensions, "" for others.
        """
        if given and isinstance(given[0], Iterable):
            dimensions, *more = given
            names = more[0] if more else names
        shape = super().__new__(cls, map(operator.index, given if dimensions is None else dimensions))
        shape.names = tuple(names) or ("",) * len(shape)
        if len(shape.names) != len(shape):
            raise ShapeError(f"{len(shape)} dimensions have {len(shape.names)} names")
        return shape

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self)

    @property
    def dynamic(self) -> bool:
        """Returns True if a dimension is dynamic."""
        return -1 in self

    @property
    def size(self) -> int:
        """Number of elements. Raises ShapeError when the shape is dynamic."""
        if self.dynamic:
            raise ShapeError(f"the shape {self} is dynamic: its number of elements depends on the inputs")
        return math.prod(self)

    @property
    def strides(self) -> tuple[int, ...]:
        """Steps in elements of a dense array of this shape. Raises ShapeError when they depend on the inputs."""
        if -1 in self[1:]:
            raise ShapeError(f"the shape {self} is dynamic: its strides depend on the inputs")
        return tuple(math.prod(self[i + 1 :]) for i in range(len(self)))

    def is_compatible(self, other: Sequence[int]) -> bool:
        """Returns True if both can be the shape of one array; a dynamic dimension fits every size."""
        return len(self) == len(other) and all(
            own == given or -1 in (own, given) for own, given in zip(self, other, strict=True)
        )

    def __getnewargs__(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        return tuple(self), self.names

    def __repr__(self) -> str:
        dimensions = ", ".join(map(str, self))
        return f"Shape({dimensions}, names={list(self.names)})" if any(self.names) else f"Shape({dimensions})"

    def __str__(self) -> str:
        return f"[{', '.join(name or str(size) for name, size in zip(self.names, self, strict=True))}]"
