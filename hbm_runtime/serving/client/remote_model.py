"""A view of one model of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..._models.model import Model

if TYPE_CHECKING:
    from ..._models.tensor_info import Array
    from .requests import RemoteRequest
    from .runtime import RemoteRuntime


class RemoteModel(Model):
    """One model of a `RemoteRuntime`, which it keeps alive."""

    def __init__(self, runtime: RemoteRuntime, name: str) -> None:
        super().__init__(cast("Any", runtime), name)  # it has the properties that Model reads
        self._remote = runtime

    def run(self, inputs: Any, **keywords: Any) -> dict[str, Array]:
        """Runs this model and returns its outputs by name.

        Args:
            inputs: What `RemoteRuntime.run` takes, or a list or tuple of arrays in the model's order.
            **keywords: Those of `RemoteRuntime.run`; ``outputs`` may be a list or tuple in the model's order, too.
        """
        return self._remote.run(self._named(inputs), self.name, **self._with_outputs(keywords))[self.name]

    def run_async(self, inputs: Any, **keywords: Any) -> RemoteRequest:  # type: ignore[override] # has its methods
        """Starts this model; arguments, and result of the request, as those of `run`."""
        return self._remote.run_async(self._named(inputs), self.name, **self._with_outputs(keywords))._flat(self.name)

    def _with_outputs(self, keywords: dict[str, Any]) -> Any:
        return {**keywords, "outputs": self._named_outputs(keywords.get("outputs"))}
