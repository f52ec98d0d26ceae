"""Pickles of the enum members of the vendor's module."""

from __future__ import annotations

import enum
from typing import Any


class _UnpickledMember:
    """Stands for an enum member that the vendor's class has pickled.

    Such a pickle makes an empty object and gives it its number afterwards; no member of an `enum.Enum` can take that.
    This object equals the member, is an instance of its class, and copies and new pickles of it are the member.
    """

    def __init__(self, kind: type[enum.IntEnum]) -> None:
        self._kind = kind
        self._member: enum.IntEnum | None = None

    def __setstate__(self, value: int) -> None:
        self._member = self._kind(value)

    @property  # type: ignore[misc] # not to be changed
    def __class__(self) -> Any:
        return self._kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._member, name)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self._kind, (self.value,)

    def __eq__(self, other: object) -> bool:
        return self._member == other

    def __hash__(self) -> int:
        return hash(self._member)

    def __index__(self) -> int:
        return int(self.value)

    def __lt__(self, other: Any) -> bool:
        return bool(self._member < other)

    def __str__(self) -> str:
        return str(self._member)

    def __repr__(self) -> str:
        return repr(self._member)

    def __format__(self, spec: str) -> str:
        return format(self._member, spec)


def accept_pickles(kind: Any) -> None:
    """Makes an enum's class take what a pickle of the vendor's module does with it."""
    find = kind.__new__

    def new(cls: type[enum.IntEnum], *values: Any) -> Any:
        return find(cls, *values) if values else _UnpickledMember(cls)

    kind.__new__ = new
