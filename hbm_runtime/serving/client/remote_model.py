"""A view of one model of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..._models.model import Model
from ..._running.native import checked

if TYPE_CHECKING:
    from ..._models.tensor_info import Array
    from ..._running.keywords import ArrayInput, Inputs, OutputNames, Outputs
    from .runnable import RunnableServer
    from .runs.requests import RemoteRequest


class RemoteModel(Model):
    """One model of a `RemoteRuntime`, which it keeps alive."""

    def __init__(self, runtime: RunnableServer, name: str) -> None:
        super().__init__(cast("Any", runtime), name)  # it has the properties that Model reads
        self._remote = runtime

    @property
    def engine(self) -> str:
        """The engine that computes it on the server; "" where the server does not report it."""
        return self._remote._facts[self.name].engine

    @property
    def engine_reason(self) -> str:
        """Why that is not the engine that was requested on the server; "" when it is."""
        return self._remote._facts[self.name].engine_reason

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
        idempotent: bool | None = None,
    ) -> dict[str, Array]:
        """Runs this model and returns its outputs by name. The arguments are those of `RemoteRuntime.run`.

        Args:
            inputs: What `RemoteRuntime.run` takes, or a list or tuple of arrays in the model's order.
            priority: As for `HB_HBMRuntime.run`, like all that follow.
            bpu_cores: As for `HB_HBMRuntime.run`.
            custom_id: As for `HB_HBMRuntime.run`.
            device_id: As for `HB_HBMRuntime.run`.
            timeout: As for `RemoteRuntime.run`.
            deadline: As for `HB_HBMRuntime.run`.
            outputs: As for `HB_HBMRuntime.run`, or a list or tuple in the model's order.
            output_names: As for `HB_HBMRuntime.run`.
            idempotent: As for `RemoteRuntime.run`.
        """
        result = self._remote.run(
            self._named(inputs), self.name, priority, bpu_cores, custom_id, device_id,
            timeout=timeout, deadline=deadline, outputs=self._named_outputs(outputs), output_names=output_names,
            idempotent=idempotent,
        )  # fmt: skip
        return result[self.name]

    @checked
    def run_async(  # type: ignore[override] # has its methods
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
        idempotent: bool | None = None,
    ) -> RemoteRequest:
        """Starts this model; arguments, and result of the request, as those of `run`."""
        request = self._remote.run_async(
            self._named(inputs), self.name, priority, bpu_cores, custom_id, device_id,
            timeout=timeout, deadline=deadline, outputs=self._named_outputs(outputs), output_names=output_names,
            idempotent=idempotent,
        )  # fmt: skip
        return request._flat(self.name)
