"""The module path that the vendor's package has: ``hbm_runtime.HB_HBMRuntime`` is its extension module.

Here that name is the class, so the module is an entry of `sys.modules`: importing a file of that name would replace the
class by the module. Imports of that path and pickles of the vendor's objects find it there.
"""

from __future__ import annotations

import enum
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: What the vendor's extension module has.
_NAMES = ("HB_HBMRuntime", "QuantParams", "SchedParam", "hbDNNDataType", "hbDNNQuantiType")


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


def _accept_pickles(kind: Any) -> None:
    find = kind.__new__

    def new(cls: type[enum.IntEnum], *values: Any) -> Any:
        return find(cls, *values) if values else _UnpickledMember(cls)

    kind.__new__ = new


def provide_vendor_module(package: str) -> None:
    """Makes ``from hbm_runtime.HB_HBMRuntime import HB_HBMRuntime`` work."""
    public = sys.modules[package]
    name = f"{package}.HB_HBMRuntime"
    module = ModuleType(name, "The names of the vendor's extension module; use those of the package instead.")
    module.__spec__ = ModuleSpec(name, None)
    module.__package__ = package
    for each in _NAMES:
        value = getattr(public, each)
        setattr(module, each, value)
        if issubclass(value, enum.Enum):
            _accept_pickles(value)
    sys.modules[name] = module
