"""Scheduling parameters as Python sees them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, Union

from .native import checked

T = TypeVar("T")
PerModel = Union[T, "dict[str, T]"]


def _checked(value: object, check: Callable[[Any], T]) -> PerModel[T]:
    if isinstance(value, Mapping):
        for model in value:
            if not isinstance(model, str):
                raise TypeError(f"model names are str, not {type(model).__name__}")
        return {model: check(each) for model, each in value.items()}
    return check(value)


def _integer(value: Any) -> int:
    return operator.index(value)


def _cores(value: Any) -> list[int]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"bpu_cores must be a list of int, not {type(value).__name__}")
    return [operator.index(core) for core in value]


class SchedParam:
    """How the inferences of a model are scheduled.

    `HB_HBMRuntime.sched_params` returns one for each model. One that is made by hand may also hold dicts by model name
    in its fields, ready to be handed to `HB_HBMRuntime.set_scheduling_params`. Setting a field checks its type
    (TypeError), not its range.
    """

    __module__ = "hbm_runtime"

    __slots__ = ("_bpu_cores", "_custom_id", "_device_id", "_priority")

    @checked
    def __init__(
        self,
        *,
        priority: PerModel[int] = 0,
        customId: PerModel[int] = 0,  # noqa: N803 (the vendor's name)
        bpu_cores: PerModel[list[int]] | None = None,
        deviceId: PerModel[int] = 0,  # noqa: N803
    ) -> None:
        """Makes parameters that differ from the built-in ones in what is given."""
        self._priority = _checked(priority, _integer)
        self._custom_id = _checked(customId, _integer)
        self._bpu_cores = _checked([-1] if bpu_cores is None else bpu_cores, _cores)
        self._device_id = _checked(deviceId, _integer)

    @classmethod
    def _of(cls, priority: int, custom_id: int, bpu_cores: list[int], device_id: int) -> SchedParam:
        return cls(priority=priority, customId=custom_id, bpu_cores=bpu_cores, deviceId=device_id)

    @property
    def priority(self) -> Any:  # int as the runtime gives it, PerModel[int] as it was set
        """0 to 255, bigger first; 254 and 255 overtake what is queued."""
        return self._priority

    @priority.setter
    def priority(self, value: PerModel[int]) -> None:
        self._priority = _checked(value, _integer)

    @property
    def customId(self) -> Any:  # int as the runtime gives it, PerModel[int] as it was set  # noqa: N802 (the vendor's name)
        """Among equal priorities the smaller runs first: a frame number, a time stamp."""
        return self._custom_id

    @customId.setter
    def customId(self, value: PerModel[int]) -> None:  # noqa: N802
        self._custom_id = _checked(value, _integer)

    @property
    def bpu_cores(self) -> Any:  # list[int] as the runtime gives it, PerModel[list[int]] as it was set
        """Numbers of the BPU cores that may be used, a copy; [-1] for automatic."""
        if isinstance(self._bpu_cores, dict):
            return {model: list(cores) for model, cores in self._bpu_cores.items()}
        return list(self._bpu_cores)

    @bpu_cores.setter
    def bpu_cores(self, value: PerModel[list[int]]) -> None:
        self._bpu_cores = _checked(value, _cores)

    @property
    def deviceId(self) -> Any:  # int as the runtime gives it, PerModel[int] as it was set  # noqa: N802 (the vendor's name)
        """The device, 0 on all boards."""
        return self._device_id

    @deviceId.setter
    def deviceId(self, value: PerModel[int]) -> None:  # noqa: N802
        self._device_id = _checked(value, _integer)

    def _fields(self) -> tuple[Any, ...]:
        return self._priority, self._custom_id, self._bpu_cores, self._device_id

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if isinstance(other, SchedParam) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"SchedParam(priority={self._priority!r}, customId={self._custom_id!r}, "
            f"bpu_cores={self._bpu_cores!r}, deviceId={self._device_id!r})"
        )
