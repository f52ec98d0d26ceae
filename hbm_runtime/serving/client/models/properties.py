"""The metadata of a remote runtime's models, under the names that `HB_HBMRuntime` has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from hbm_runtime._core import QuantParams, hbDNNDataType
from hbm_runtime._errors import HbmClosedError, HbmForkError, InputError

from ..transports.wire import Array
from .facts import ModelFacts, TensorFacts

T = TypeVar("T")


class ModelProperties:
    """The models as they were when the runtime connected, or last loaded or refreshed one."""

    def __init__(self) -> None:
        self._facts: dict[str, ModelFacts] = {}
        self._closed = False
        self._pid = os.getpid()

    def _models(self) -> Mapping[str, ModelFacts]:
        if self._closed:
            raise HbmClosedError("the runtime is closed; connect again")
        if os.getpid() != self._pid:
            raise HbmForkError("this process was forked from one that had connected; connect again in the child")
        return self._facts

    @property
    def closed(self) -> bool:
        """True if `close` was called."""
        return self._closed

    @property
    def model_names(self) -> list[str]:
        """Names of the models, in the server's order."""
        return list(self._models())

    @property
    def model_count(self) -> int:
        """Number of models."""
        return len(self._models())

    @property
    def model_descs(self) -> dict[str, str]:
        """Descriptions by model."""
        return self._each(lambda model: model.desc)

    @property
    def compile_bpu_core_num(self) -> dict[str, int]:
        """Numbers of cores that the models were compiled for."""
        return self._each(lambda model: model.cores)

    @property
    def input_counts(self) -> dict[str, int]:
        """Numbers of inputs."""
        return self._each(lambda model: len(model.inputs))

    @property
    def output_counts(self) -> dict[str, int]:
        """Numbers of outputs."""
        return self._each(lambda model: len(model.outputs))

    @property
    def input_names(self) -> dict[str, list[str]]:
        """Names of the inputs, in the model's order."""
        return self._each(lambda model: list(model.inputs))

    @property
    def output_names(self) -> dict[str, list[str]]:
        """Names of the outputs, in the model's order."""
        return self._each(lambda model: list(model.outputs))

    @property
    def input_descs(self) -> dict[str, dict[str, str]]:
        """Descriptions of the inputs."""
        return self._inputs(lambda tensor: tensor.desc)

    @property
    def output_descs(self) -> dict[str, dict[str, str]]:
        """Descriptions of the outputs."""
        return self._outputs(lambda tensor: tensor.desc)

    @property
    def input_dtypes(self) -> dict[str, dict[str, hbDNNDataType]]:
        """Element types of the inputs."""
        return self._inputs(lambda tensor: tensor.dtype)

    @property
    def output_dtypes(self) -> dict[str, dict[str, hbDNNDataType]]:
        """Element types of the outputs."""
        return self._outputs(lambda tensor: tensor.dtype)

    @property
    def input_shapes(self) -> dict[str, dict[str, list[int]]]:
        """Shapes of the inputs; -1 stands for a dynamic dimension."""
        return self._inputs(lambda tensor: list(tensor.shape))

    @property
    def output_shapes(self) -> dict[str, dict[str, list[int]]]:
        """Shapes of the outputs; -1 stands for a dynamic dimension."""
        return self._outputs(lambda tensor: list(tensor.shape))

    @property
    def input_strides(self) -> dict[str, dict[str, list[int]]]:
        """Strides of the inputs in the server's device memory, in bytes."""
        return self._inputs(lambda tensor: list(tensor.strides))

    @property
    def output_strides(self) -> dict[str, dict[str, list[int]]]:
        """Strides of the outputs in the server's device memory, in bytes; arrays that come from there are dense."""
        return self._outputs(lambda tensor: list(tensor.strides))

    @property
    def input_quants(self) -> dict[str, dict[str, QuantParams]]:
        """How the inputs are quantised."""
        return self._inputs(lambda tensor: tensor.quant)

    @property
    def output_quants(self) -> dict[str, dict[str, QuantParams]]:
        """How the outputs are quantised."""
        return self._outputs(lambda tensor: tensor.quant)

    def __iter__(self) -> Iterator[str]:
        """Yields the names of the models."""
        return iter(self.model_names)

    def __contains__(self, name: object) -> bool:
        """Returns True if the server has a model of that name."""
        return name in self._models()

    def _each(self, of: Callable[[ModelFacts], T]) -> dict[str, T]:
        return {name: of(model) for name, model in self._models().items()}

    def _inputs(self, of: Callable[[TensorFacts], T]) -> dict[str, dict[str, T]]:
        return self._each(lambda model: {name: of(tensor) for name, tensor in model.inputs.items()})

    def _outputs(self, of: Callable[[TensorFacts], T]) -> dict[str, dict[str, T]]:
        return self._each(lambda model: {name: of(tensor) for name, tensor in model.outputs.items()})

    # What the views of a model and its tensors ask their runtime.

    def _tensor(self, model: str, is_input: bool, index: int) -> TensorFacts:
        facts = self._models()[model]
        return list((facts.inputs if is_input else facts.outputs).values())[index]

    def _dimension_names(self, model: str, is_input: bool, index: int) -> list[str]:
        return list(self._tensor(model, is_input, index).dim_names)

    def _tensor_memory(self, model: str, is_input: bool, index: int) -> tuple[int, int]:
        facts = self._tensor(model, is_input, index)
        return facts.storage_nbytes, facts.alignment

    def _allocate(self, model: str, is_input: bool, index: int, shape: list[int]) -> Array:
        facts = self._tensor(model, is_input, index)
        if any(size < 0 for size in shape):
            raise InputError(
                f"model '{model}', tensor '{facts.name}': give a shape for its dynamic dimensions {list(facts.shape)}",
                model=model,
                tensor=facts.name,
            )
        array: np.ndarray[Any, Any] = np.zeros(shape, facts.dtype.to_dtype())
        return array
