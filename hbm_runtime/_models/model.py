"""Views of a loaded model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._running.native import checked
from .naming import name_values, unknown_tensor
from .shape_inference import infer_shapes
from .tensor_info import Array, TensorInfo, TensorInfos

if TYPE_CHECKING:
    from .._running.keywords import ArrayInput, Inputs, OutputNames, Outputs
    from .._running.request import InferRequest
    from .._running.runnable import RunnableRuntime
    from .shape_inference import Shapes as InputShapes

Shapes = Mapping[str, Sequence[int]]


class Model:
    """One model of a runtime, which it keeps alive."""

    __module__ = "hbm_runtime"

    def __init__(self, runtime: RunnableRuntime, name: str) -> None:
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
    def engine(self) -> str:
        """The engine that computes it: "onnxruntime", or a plug-in such as "openvino"; "" if the driver names none."""
        return self._runtime._engine(self.name)[0]

    @property
    def engine_reason(self) -> str:
        """Why that is not the engine that was requested; "" when it is."""
        return self._runtime._engine(self.name)[1]

    @property
    def is_dynamic(self) -> bool:
        """Returns True if an input has a dynamic dimension."""
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

    @checked
    def infer_shapes(self, shapes: InputShapes) -> dict[str, tuple[int, ...]]:
        """See `HB_HBMRuntime.infer_shapes`."""
        return infer_shapes(self._runtime, self.name, self.inputs, shapes)

    @checked
    def run(
        self,
        inputs: Inputs | Sequence[ArrayInput],
        *,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        outputs: Outputs | Sequence[Array] | None = None,
        output_names: OutputNames | None = None,
    ) -> dict[str, Array]:
        """Runs this model and returns its outputs by name, in the model's order.

        Args:
            inputs: What `HB_HBMRuntime.run` takes, or a list or tuple of arrays in the model's order.
            priority: As for `HB_HBMRuntime.run`, like all that follow.
            bpu_cores: As for `HB_HBMRuntime.run`.
            custom_id: As for `HB_HBMRuntime.run`.
            device_id: As for `HB_HBMRuntime.run`.
            timeout: As for `HB_HBMRuntime.run`.
            deadline: As for `HB_HBMRuntime.run`.
            outputs: As for `HB_HBMRuntime.run`, or a list or tuple in the model's order.
            output_names: As for `HB_HBMRuntime.run`.
        """
        result = self._runtime.run(
            self._named(inputs), self.name, priority, bpu_cores, custom_id, device_id,
            timeout=timeout, deadline=deadline, outputs=self._named_outputs(outputs), output_names=output_names,
        )  # fmt: skip
        return result[self.name]

    @checked
    def run_async(
        self,
        inputs: Inputs | Sequence[ArrayInput],
        *,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        outputs: Outputs | Sequence[Array] | None = None,
        output_names: OutputNames | None = None,
    ) -> InferRequest[dict[str, Array]]:
        """Starts this model. The result of the request is that of `run`: outputs by name.

        Args:
            inputs: As for `run`, like all that follow.
            priority: As for `run`.
            bpu_cores: As for `run`.
            custom_id: As for `run`.
            device_id: As for `run`.
            timeout: As for `HB_HBMRuntime.run_async`.
            deadline: As for `HB_HBMRuntime.run_async`.
            outputs: As for `run`.
            output_names: As for `run`.
        """
        request = self._runtime.run_async(
            self._named(inputs), self.name, priority, bpu_cores, custom_id, device_id,
            timeout=timeout, deadline=deadline, outputs=self._named_outputs(outputs), output_names=output_names,
        )  # fmt: skip
        return request._flat(self.name)

    def _named(self, inputs: Any) -> Any:
        return name_values(self.name, "input", self.inputs, inputs)

    def _named_outputs(self, outputs: Any) -> Any:
        return name_values(self.name, "output", self.outputs, outputs)

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: inputs {self.inputs!r}, outputs {self.outputs!r}>"
