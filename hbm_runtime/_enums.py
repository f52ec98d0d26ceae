"""The base of the enums that the extension defines."""

from __future__ import annotations

import enum


class VendorEnum(enum.IntEnum):
    """An IntEnum that prints as the vendor's enums do and is always true.

    Scripts compare members with ints and use them as indices, so members are ints; `str()` gives
    ``hbDNNDataType.F32`` on every version of Python.
    """

    __str__ = enum.Enum.__str__

    def __bool__(self) -> bool:
        return True
