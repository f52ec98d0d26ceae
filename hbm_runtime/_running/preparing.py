"""The methods that give views of models, and bind arrays to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .native import checked
from .runnable import RunnableRuntime

# What not every program needs is imported by the methods that need it, before they change anything.
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._models.model import Model
    from .._models.tensor_info import Array
    from .bound import BoundRun
    from .steps import BoundSteps


class PreparingRuntime(RunnableRuntime):
    """A runtime that gives views of its models, and binds arrays to them."""

    @checked
    def model(self, name: str) -> Model:
        """Returns a view of one model, with its tensors as objects. Raises InputError for an unknown name."""
        from .._models.model import Model

        return Model(self, self._checked(name))

    __getitem__ = model

    @checked
    def bind(
        self,
        model: str,
        *,
        inputs: Mapping[str, Array] | Sequence[Array] | Array | None = None,
        outputs: Mapping[str, Array] | Sequence[Array] | Array | None = None,
    ) -> BoundRun:
        """Binds fixed input and output arrays in device memory to a model.

        Args:
            model: Name of the model.
            inputs: Arrays by input name, a list or tuple in the model's order, or one array where it has one input.
                Device arrays (of `Model.empty_inputs`, or outputs of another binding, which chains models without a
                copy) are used themselves; others give the initial values and the dynamic dimensions. Inputs that are
                not named are 0.
            outputs: Arrays to be used instead of new ones, given likewise. Those that are not on the device are filled
                by a copy after each run.

        Raises:
            InputError: Unknown names, dtypes or shapes that do not fit, an output that cannot be written.
        """
        from .bound import BoundRun

        return BoundRun(self, self.model(model), inputs, outputs)

    @checked
    def bind_steps(
        self,
        model: str,
        state: Mapping[str, str],
        *,
        inputs: Mapping[str, Array] | Sequence[Array] | Array | None = None,
    ) -> BoundSteps:
        """Prepares a model that is run step by step, with outputs of one step as inputs of the next.

        The state stays in device memory, and no step copies it: two blocks change places.

        Args:
            model: Name of the model.
            state: The input of the next step that takes each output that is state, by output name, such as
                ``{"present": "past"}``.
            inputs: Initial values and dynamic dimensions of inputs, as for `bind`. State that is not named begins as 0.

        Raises:
            InputError: Unknown names, shapes or dtypes of an output and its input that differ, an output whose shape
                is known only after a run.
        """
        from .steps import BoundSteps

        return BoundSteps(self, self.model(model), state, inputs)

    def _checked(self, model: str) -> str:
        if model not in self.model_names:
            from .._models.naming import unknown_model

            raise unknown_model(self.model_names, model)
        return model
