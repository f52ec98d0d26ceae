"""A view of one model of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..._models.model import Model

if TYPE_CHECKING:
    from .requests import RemoteRequest
    from .runtime import RemoteRuntime


class RemoteModel(Model):
    """One model of a `RemoteRuntime`, which it keeps alive."""

    def __init__(self, runtime: RemoteRuntime, name: str) -> None:
        super().__init__(cast("Any", runtime), name)  # it has the properties that Model reads
        self._remote = runtime

    def run_async(self, inputs: Any, **keywords: Any) -> RemoteRequest:  # type: ignore[override] # has its methods
        """Starts this model; arguments as those of `run` and `RemoteRuntime.run_async`."""
        return self._remote.run_async(self._named(inputs), self.name, **self._with_outputs(keywords))
