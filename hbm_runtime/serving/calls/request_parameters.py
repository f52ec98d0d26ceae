"""Request parameters: what the protocol, Triton and this package call them, and the keywords that they become."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hbm_runtime import InputError

from .call import Parameter

_HIGHEST_PRIORITY = 255
_LONGEST_SECONDS = 10.0 * 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How one request is run.

    Attributes:
        priority: First scheduling key, 0 to 255; None: the model's default.
        custom_id: Second scheduling key; None: the model's default.
        bpu_cores: Cores to run on; None: the model's default.
        device_id: Device to run on; None: the model's default.
        timeout: Seconds until the request fails; None: no limit.
        deadline: Time of `time.monotonic` after which it is not started; None: no limit.
        profile: True if the answer shall carry the request's events.
        repeat: How often the server runs the inputs; more than 1 measures.
    """

    priority: int | None = None
    custom_id: int | None = None
    bpu_cores: list[int] | None = None
    device_id: int | None = None
    timeout: float | None = None
    deadline: float | None = None
    profile: bool = False
    repeat: int = 1

    @property
    def measured(self) -> bool:
        """True if the answer describes the run, or several runs, in more detail than usual."""
        return self.profile or self.repeat > 1

    def scheduling(self, model: str) -> dict[str, Any]:
        """Returns the scheduling keywords of `HB_HBMRuntime.run` for a model."""
        if self is _DEFAULTS:
            return {}
        given = {
            "priority": self.priority,
            "custom_id": self.custom_id,
            "bpu_cores": self.bpu_cores,
            "device_id": self.device_id,
        }
        return {name: {model: value} for name, value in given.items() if value is not None}


_DEFAULTS = RunOptions()


def run_options(
    model: str, parameters: Mapping[str, Parameter], time_limit: float | None, largest_repeat: int
) -> RunOptions:
    """Reads the request parameters; unknown ones are ignored, as the protocol says.

    Args:
        model: Name of the model, for error texts.
        parameters: Parameters by name.
        time_limit: Seconds that the client waits, None where it did not say.
        largest_repeat: The most runs that one request may ask for.

    Raises:
        InputError: A parameter has a wrong type or is out of range.
    """
    if not parameters:
        return _DEFAULTS if time_limit is None else RunOptions(timeout=time_limit)
    read = _Reader(model, parameters)
    priority = read.whole("hbm_priority", 0, _HIGHEST_PRIORITY)
    if priority is None and (of_triton := read.whole("priority", 0, 2**32)):
        priority = max(0, _HIGHEST_PRIORITY + 1 - of_triton)  # 1 is Triton's highest, 255 the runtime's
    limits = [time_limit] if time_limit is not None else []
    if microseconds := read.whole("timeout", 0, 2**63 - 1):
        limits.append(min(microseconds / 1e6, _LONGEST_SECONDS))
    milliseconds = read.number("hbm_deadline_ms")
    return RunOptions(
        priority=priority,
        custom_id=read.whole("hbm_custom_id", -(2**63), 2**63 - 1),
        bpu_cores=read.cores("hbm_bpu_cores"),
        device_id=read.whole("hbm_device_id", -(2**31), 2**31 - 1),
        timeout=min(limits, default=None),
        deadline=None if milliseconds is None else time.monotonic() + min(milliseconds / 1e3, _LONGEST_SECONDS),
        profile=read.truth("hbm_profile"),
        repeat=read.whole("hbm_repeat", 1, largest_repeat) or 1,
    )


class _Reader:
    """Reads parameters of stated types."""

    def __init__(self, model: str, parameters: Mapping[str, Parameter]) -> None:
        self._model = model
        self._parameters = parameters

    def whole(self, name: str, low: int, high: int) -> int | None:
        expected = f"a whole number from {low} to {high}"
        value: int | None = self._value(name, _as_int, expected)
        if value is not None and not low <= value <= high:
            raise self._wrong(name, expected)
        return value

    def number(self, name: str) -> float | None:
        value: float | None = self._value(name, float, "a number of at least 0")
        if value is not None and not value >= 0:
            raise self._wrong(name, "a number of at least 0")
        return value

    def truth(self, name: str) -> bool:
        value = self._value(name, _as_bool, "true or false")
        return bool(value)

    def cores(self, name: str) -> list[int] | None:
        def split(text: Parameter) -> list[int]:
            return [int(part) for part in str(text).split(",") if part.strip()]

        cores: list[int] | None = self._value(name, split, "numbers of cores, separated by commas")
        return cores

    def _value(self, name: str, convert: Callable[[Any], Any], expected: str) -> Any:
        if name not in self._parameters:
            return None
        try:
            return convert(self._parameters[name])
        except (ValueError, TypeError, OverflowError, KeyError):
            raise self._wrong(name, expected) from None

    def _wrong(self, name: str, expected: str) -> InputError:
        value = str(self._parameters[name])[:80]
        return InputError(
            f"model '{self._model}': the request parameter {name} is {value!r}; it must be {expected}",
            model=self._model,
        )


def _as_int(value: Parameter) -> int:
    if isinstance(value, float):
        raise TypeError
    return int(value)


def _as_bool(value: Parameter) -> bool:
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False, "": False}[value.lower()]
    return bool(value)
