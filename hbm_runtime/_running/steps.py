"""A model that is run step by step, with outputs of one step as inputs of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .._errors import InputError
from .._models.naming import unknown_tensor
from .bound import BoundRun, FixedArrays
from .native import checked

if TYPE_CHECKING:
    from .. import _core
    from .._models.model import Model

Array = NDArray[Any]


class BoundSteps:
    """A model whose state stays in device memory from one step to the next; a step copies and allocates nothing.

    Made by `HB_HBMRuntime.bind_steps`. Two blocks of memory hold the state: each step reads one and writes the other,
    and they change places. One step at a time: a second thread that runs one meanwhile gets an `HbmStateError`.

    Attributes:
        inputs: Arrays by name of the inputs that are no state, to be written in place before a step.
    """

    __module__ = "hbm_runtime"

    def __init__(
        self,
        runtime: _core.Runtime,
        view: Model,
        state: Mapping[str, str],
        inputs: Mapping[str, Array] | Sequence[Array] | Array | None,
    ) -> None:
        _check(view, state)
        self._state = dict(state)
        first = BoundRun(runtime, view, inputs, None)
        self._check_known(view, first)
        back = {source: first.outputs[output] for output, source in state.items()}
        forth = {output: first.inputs[source] for output, source in state.items()}
        kept = {name: array for name, array in first.inputs.items() if name not in back}
        shared = {name: array for name, array in first.outputs.items() if name not in forth}
        second = BoundRun(runtime, view, {**kept, **back}, {**shared, **forth})
        self._pair = (first, second)
        self._next = 0
        self.inputs: Mapping[str, Array] = FixedArrays("inputs", kept)

    @property
    def state(self) -> Mapping[str, Array]:
        """The state that the next step reads, by input name: zeros at first. Write into the arrays to set it.

        The arrays of two steps are different ones, so ask again after each step.
        """
        arrays = self._pair[self._next].inputs
        return FixedArrays("state", {name: arrays[name] for name in self._state.values()})

    @property
    def outputs(self) -> Mapping[str, Array]:
        """The outputs of the last step by name; those that are state are read by the next step."""
        return self._pair[1 - self._next].outputs

    @checked
    def run(self, timeout: float | None = None, *, deadline: float | None = None) -> Mapping[str, Array]:
        """Runs a step and returns `outputs`. A step that fails leaves the state as it was before it.

        Args:
            timeout: As for `BoundRun.run`, like all that follows.
            deadline: As for `BoundRun.run`.
        """
        outputs = self._pair[self._next].run(timeout, deadline=deadline)
        self._next = 1 - self._next
        return outputs

    def reset(self) -> None:
        """Sets the state to zeros."""
        for array in self.state.values():
            array[...] = 0

    def __repr__(self) -> str:
        carried = ", ".join(f"'{output}' to '{source}'" for output, source in self._state.items())
        return f"<BoundSteps of {self._pair[0]._model!r}: {carried}>"

    def _check_known(self, view: Model, first: BoundRun) -> None:
        for output, source in self._state.items():
            given, taken = first.outputs.get(output), first.inputs[source]
            if given is None:
                raise InputError(
                    f"model '{view.name}', output '{output}': its shape is known only after a run, so it cannot be a "
                    "state that stays in place; run the model with run()",
                    model=view.name,
                    tensor=output,
                )
            if (given.shape, given.dtype) != (taken.shape, taken.dtype):
                raise InputError(
                    f"model '{view.name}': output '{output}' {given.dtype} {list(given.shape)} cannot be the next "
                    f"input '{source}' {taken.dtype} {list(taken.shape)}",
                    model=view.name,
                    tensor=output,
                )


def _check(view: Model, state: Mapping[str, str]) -> None:
    if not state:
        message = f"model '{view.name}': state must name outputs and the inputs that they become"
        raise InputError(message, model=view.name)
    for output, source in state.items():
        if output not in view.outputs:
            raise unknown_tensor(view.name, "output", view.outputs, output)
        if source not in view.inputs:
            raise unknown_tensor(view.name, "input", view.inputs, source)
    if len(set(state.values())) != len(state):
        raise InputError(f"model '{view.name}': two outputs become the same input", model=view.name)
