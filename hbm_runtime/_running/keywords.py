"""What runs take, for type checkers and readers of signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Union

from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Buffer
else:
    Buffer = Any

# Unions without |, which the aliases of numpy take only in newer Pythons. Values of mappings are objects: what mypy
# infers for a dict of arrays with different numbers of dimensions.

Array = NDArray[Any]
"""What outputs are, and what they may be given as."""


class HasArray(Protocol):
    """Gives a numpy array without a cast: tensors of most libraries."""

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        """Returns the array."""


class HasDLPack(Protocol):
    """Gives its memory by DLPack."""

    def __dlpack__(self, *args: Any, **keywords: Any) -> Any:
        """Returns a capsule."""


ArrayInput = Union[Array, HasArray, HasDLPack, Buffer]  # noqa: UP007
"""What one input may be: a numpy array, or an object that gives one without a cast."""

Inputs = Union[ArrayInput, Mapping[str, object]]  # noqa: UP007
"""One array; arrays by input name; such mappings by model name."""

Outputs = Union[Array, Mapping[str, object]]  # noqa: UP007
"""Arrays to be filled: one, by output name, or by model and output name."""

OutputNames = Union[Iterable[str], Mapping[str, Iterable[str]]]  # noqa: UP007
"""Outputs to return, for several models by model name."""

Result = dict[str, dict[str, Array]]
"""Arrays by model and output name."""


class RunKeywords(TypedDict, total=False):
    """The keywords of `HB_HBMRuntime.run`."""

    input_tensor: Inputs
    model_name: str | None
    priority: Mapping[str, int] | None
    bpu_cores: Mapping[str, Sequence[int]] | None
    custom_id: Mapping[str, int] | None
    device_id: Mapping[str, int] | None
    timeout: float | None
    deadline: float | None
    outputs: Outputs | None
    output_names: OutputNames | None
    input_tensors: Mapping[str, object]
    multi_input_tensors: Mapping[str, Mapping[str, object]]
