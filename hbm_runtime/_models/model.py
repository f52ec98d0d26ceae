"""Views of a loaded model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._running.request import InferRequest
from .naming import by_name, unknown_tensor
from .shape_inference import infer_shapes
from .tensor_info import Array, TensorInfo, TensorInfos

if TYPE_CHECKING:
    from .. import _core
    from .shape_inference import Shapes as InputShapes

Shapes = Mapping[str, Sequence[int]]


class Model:
    """One model of a runtime, which it keeps alive."""

    def __init__(self, runtime: _core.Runtime, name: str) -> None:
        self._runtime = runtime
        self.name = name
        self.inputs = TensorInfos(
            [TensorInfo(runtime, name, True, i, tensor) for i, tensor in enumerate(runtime.input_names[name])]
        )
        self.outputs = TensorInfos(
            [TensorInfo(runtime, name, False, i, tensor) for i, tensor in enumerate(runtime.output_names[name])]
        )

    @property
    def desc(self) -> str:
        """The model's description."""
        return self._runtime.model_descs[self.name]

    @property
    def compile_bpu_core_num(self) -> int:
        """Number of BPU cores that it was compiled for."""
        return self._runtime.compile_bpu_core_num[self.name]

    @property
    def is_dynamic(self) -> bool:
        """Whether an input has a dynamic dimension."""
        return any(info.is_dynamic for info in self.inputs.values())

    def empty_inputs(self, shapes: Shapes | None = None) -> dict[str, Array]:
        """Makes zeroed arrays on device memory, one for each input.

        Passing such an array to a run copies nothing. The arrays have the device's strides, and stay valid after the
        runtime is gone.

        Args:
            shapes: Shapes of inputs with dynamic dimensions, by name.
        """
        return self._empty(True, self.inputs, shapes or {})

    def empty_outputs(self, shapes: Shapes | None = None) -> dict[str, Array]:
        """Makes zeroed arrays on device memory, one for each output, to be passed as `outputs`.

        Args:
            shapes: Shapes of outputs with dynamic dimensions, by name.
        """
        return self._empty(False, self.outputs, shapes or {})

    def _empty(self, is_input: bool, infos: TensorInfos, shapes: Shapes) -> dict[str, Array]:
        for name in shapes:
            if name not in infos:
                raise unknown_tensor(self.name, "input" if is_input else "output", infos, name)
        return {
            name: self._runtime._allocate(self.name, is_input, info.index, list(shapes.get(name, info.shape)))
            for name, info in infos.items()
        }

    def infer_shapes(self, shapes: InputShapes) -> dict[str, tuple[int, ...]]:
        """See `HB_HBMRuntime.infer_shapes`."""
        return infer_shapes(self._runtime, self.name, self.inputs, shapes)

    def run(self, inputs: Any, **keywords: Any) -> dict[str, Array]:
        """Runs this model and returns its outputs by name, in the model's order.

        Args:
            inputs: What `HB_HBMRuntime.run` takes, or a list or tuple of arrays in the model's order.
            **keywords: Those of `HB_HBMRuntime.run`; ``outputs`` may be a list or tuple in the model's order, too.
        """
        return self._runtime.run(self._named(inputs), self.name, **self._with_outputs(keywords))[self.name]

    def run_async(self, inputs: Any, **keywords: Any) -> InferRequest:
        """Starts this model; arguments as those of `run` and `HB_HBMRuntime.run_async`."""
        return InferRequest(self._runtime._run_async(self._named(inputs), self.name, **self._with_outputs(keywords)))

    def _named(self, inputs: Any) -> Any:
        return by_name(self.name, "input", self.inputs, inputs)

    def _with_outputs(self, keywords: dict[str, Any]) -> dict[str, Any]:
        if "outputs" in keywords:
            keywords["outputs"] = by_name(self.name, "output", self.outputs, keywords["outputs"])
        return keywords

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: inputs {self.inputs!r}, outputs {self.outputs!r}>"
