"""What runs take, for type checkers and readers of signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Union

from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Buffer
else:
    Buffer = Any

# Unions without |, which the aliases of numpy take only in newer Pythons.

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


class UntypedDict(Protocol):
    """What type checkers infer for a dict of unlike arrays: `dict[str, object]`, but not `dict[str, str]`.

    A `Mapping[str, object]` would take every dict; this takes only what anything may be written to.
    """

    def __getitem__(self, key: str, /) -> object:
        """Returns a value."""

    def __setitem__(self, key: str, value: object, /) -> None:
        """Sets a value."""


ArrayInput = Union[Array, HasArray, HasDLPack, Buffer]  # noqa: UP007
"""What one input may be: a numpy array, or an object that gives one without a cast."""

ByTensor = Union[Mapping[str, ArrayInput], UntypedDict]  # noqa: UP007
"""Arrays by the name of an input or output."""

Inputs = Union[ArrayInput, Mapping[str, Union[ArrayInput, ByTensor]], UntypedDict]  # noqa: UP007
"""One array; arrays by input name; such mappings by model name."""

Outputs = Union[Array, Mapping[str, Union[ArrayInput, ByTensor]], UntypedDict]  # noqa: UP007
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
    input_tensors: ByTensor
    multi_input_tensors: Mapping[str, ByTensor]
