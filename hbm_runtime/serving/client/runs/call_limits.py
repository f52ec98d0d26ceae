"""``timeout`` and ``deadline`` of a run, with the local texts (`bindings/arguments/call_options.cpp`)."""

from __future__ import annotations

import math
from typing import Any

from hbm_runtime._errors import InputError

from .run_arguments import type_name

_LONGEST = 1e9


def seconds_of(value: Any, name: str) -> float | None:
    """Returns a number of seconds, None for None.

    Raises:
        InputError: NaN, too large, a negative timeout.
        TypeError: Not a number.
    """
    if value is None:
        return None
    try:
        seconds = float(value) if not isinstance(value, (str, bytes)) else _refuse(value, name)
    except OverflowError:
        raise InputError(f"{name} is a number that no clock can count to") from None
    except (TypeError, ValueError):
        _refuse(value, name)
    if math.isnan(seconds):
        raise InputError(f"{name} must be a number of seconds, got NaN")
    if name == "timeout" and seconds < 0:
        raise InputError(f"timeout is {seconds:f}; it must be at least 0")
    return min(seconds, _LONGEST)


def _refuse(value: Any, name: str) -> float:
    raise TypeError(f"{name} must be a number of seconds or None, not {type_name(value)}") from None
