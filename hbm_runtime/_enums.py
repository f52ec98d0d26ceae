"""The bases of the enums that the extension defines."""

from __future__ import annotations

import enum
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np

from ._errors import UnsupportedError


class VendorEnum(enum.IntEnum):
    """An IntEnum that prints as the vendor's enums do and is always true.

    Scripts compare members with ints and use them as indices, so members are ints; `str()` gives
    ``hbDNNDataType.F32`` on every version of Python.
    """

    __str__ = enum.Enum.__str__

    def __format__(self, spec: str) -> str:
        # CPython 3.10 would print the number in an f-string.
        return format(int(self), spec) if spec and spec[-1] in "bcdoxXn" else format(str(self), spec)

    def __bool__(self) -> bool:
        return True

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        kind = type(self)
        return (kind, (self.value,)) if self.name in kind.__members__ else (unknown_member, (kind, self.value))


_Member = TypeVar("_Member", bound=VendorEnum)
_unknown: dict[tuple[type[VendorEnum], int], VendorEnum] = {}


def unknown_member(kind: type[_Member], value: int) -> _Member:
    """Returns the member for a value that only a newer driver knows, always the same one for the same value.

    It is an instance of the enum and prints like its members (``hbDNNDataType.UNKNOWN_99``), but is not among them.
    """
    member = int.__new__(kind, value)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value
    return cast("_Member", _unknown.setdefault((kind, value), member))


_ElementType = TypeVar("_ElementType", bound="ElementTypeEnum")


@cache
def _numpy_names() -> dict[str, str]:
    from . import _core  # noqa: PLC0415 (the extension imports this module first)

    return _core._numpy_names()


class ElementTypeEnum(VendorEnum):
    """Element types, and the way from and to numpy's."""

    @property
    def has_dtype(self) -> bool:
        """Returns True if numpy has this type, and arrays of it can be run."""
        return self.name in _numpy_names()

    def to_dtype(self) -> np.dtype[Any]:
        """Returns numpy's dtype. Raises UnsupportedError for those that numpy lacks (S4, U4, MAX, unknown ones)."""
        try:
            return np.dtype(_numpy_names()[self.name])
        except KeyError:
            raise UnsupportedError(f"numpy has no element type for {self.name}") from None

    @classmethod
    def from_dtype(cls: type[_ElementType], dtype: np.typing.DTypeLike) -> _ElementType:
        """Returns the element type of a numpy dtype, or of anything that `numpy.dtype` takes: ``"float32"``, ``"<i2"``.

        Raises UnsupportedError for types that no tensor has, and TypeError for anything that is no dtype.
        """
        wanted = np.dtype(dtype)
        for name, numpy_name in _numpy_names().items():
            if wanted == np.dtype(numpy_name):
                return cls[name]
        raise UnsupportedError(
            f"no tensor has the element type {wanted}; there are {', '.join(_numpy_names().values())}"
        )
