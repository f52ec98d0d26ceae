"""How a tensor is quantised, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from .._errors import HbmStateError

if TYPE_CHECKING:
    from .. import _core


class QuantParam(NamedTuple):
    """``real = (stored - zero_point) * scale`` of one channel."""

    scale: float
    zero_point: int


QuantParam.__module__ = "hbm_runtime"  # where users find it


class QuantScheme(Sequence[QuantParam]):
    """The parameters of a quantised tensor: one for all of it, or one for each channel.

    Attributes:
        axis: The dimension that the channels lie on; without meaning for one parameter.
    """

    __module__ = "hbm_runtime"

    def __init__(self, quant: _core.QuantParams) -> None:
        self.axis = quant.axis
        zeros = quant.zero_point if len(quant.zero_point) else [0] * len(quant.scale)
        if len(zeros) == 1:
            zeros = [zeros[0]] * len(quant.scale)
        self._params = [QuantParam(float(scale), int(zero)) for scale, zero in zip(quant.scale, zeros, strict=True)]

    @property
    def per_channel(self) -> bool:
        """Returns True if each channel has parameters of its own."""
        return len(self._params) > 1

    @property
    def param(self) -> QuantParam:
        """The parameters of a tensor that has one for all. Raises HbmStateError for one with several."""
        if self.per_channel:
            raise HbmStateError(f"there are parameters for {len(self)} channels; take them by index")
        return self._params[0]

    @overload
    def __getitem__(self, channel: int) -> QuantParam: ...
    @overload
    def __getitem__(self, channel: slice) -> list[QuantParam]: ...
    def __getitem__(self, channel: int | slice) -> QuantParam | list[QuantParam]:
        return self._params[channel]

    def __len__(self) -> int:
        return len(self._params)

    def __repr__(self) -> str:
        where = f"axis {self.axis}, " if self.per_channel else ""
        return f"QuantScheme({where}{self._params!r})"


def scheme_of(quant: _core.QuantParams) -> QuantScheme | None:
    """The scheme of a tensor, None when it is not quantised."""
    return QuantScheme(quant) if quant.quant_type.name == "SCALE" and len(quant.scale) else None
