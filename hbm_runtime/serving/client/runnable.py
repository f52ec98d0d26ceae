"""The methods that run models on a server."""

# ruff: noqa: PLR0917, RUF013 (the vendor's order; None stands for "not given" and is no value for type checkers)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..._running.native import checked
from .runs.calls import Context, parts_of
from .runs.requests import RemoteRequest
from .runs.workers import Workers
from .server_properties import ServerProperties
from .transports.wire import Array

if TYPE_CHECKING:
    from ..._running.keywords import ByTensor, Inputs, OutputNames, Outputs


class RunnableServer(ServerProperties):
    """What `RemoteRuntime` runs with: the arguments are those of `HB_HBMRuntime.run`, and one more."""

    _workers: Workers

    @checked
    def run(
        self,
        input_tensor: Inputs = None,  # type: ignore[assignment] # one of the three forms is needed
        model_name: str | None = None,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        outputs: Outputs | None = None,
        output_names: OutputNames | None = None,
        input_tensors: ByTensor = None,  # type: ignore[assignment]
        multi_input_tensors: Mapping[str, ByTensor] = None,  # type: ignore[assignment]
        idempotent: bool | None = None,
    ) -> dict[str, dict[str, Array]]:
        """Runs one or several models on the server and waits for the results.

        Args:
            input_tensor: As for `HB_HBMRuntime.run`, like all that are not described here.
            model_name: As for `HB_HBMRuntime.run`.
            priority: As for `HB_HBMRuntime.run`.
            bpu_cores: As for `HB_HBMRuntime.run`.
            custom_id: As for `HB_HBMRuntime.run`.
            device_id: As for `HB_HBMRuntime.run`.
            timeout: As for `HB_HBMRuntime.run`; None for that of `connect`.
            deadline: As for `HB_HBMRuntime.run`.
            outputs: As for `HB_HBMRuntime.run`.
            output_names: As for `HB_HBMRuntime.run`.
            input_tensors: As for `HB_HBMRuntime.run`.
            multi_input_tensors: As for `HB_HBMRuntime.run`.
            idempotent: With True, a run whose connection breaks is repeated on another connection or server, though it
                may have run already; None for the option of `connect`.

        Returns:
            {model: {output: array}} in the order of the models and of the outputs.

        Raises:
            InputError, TypeError: As `HB_HBMRuntime.run`.
            HbmNetworkError: The server cannot be reached, or the connection broke.
            HbmTimeoutError: Not done in time.
            HbmError: What the server reports.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        parts = parts_of(self._context(), given, copied=False)
        if len(parts) == 1:
            return {parts[0].model: parts[0].run().outputs}
        request = RemoteRequest(parts)
        try:
            request._start(self._workers, here=True)
            return request.result()
        except BaseException:
            request.abandon()
            raise

    @checked
    def run_async(
        self,
        input_tensor: Inputs = None,  # type: ignore[assignment]
        model_name: str | None = None,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        outputs: Outputs | None = None,
        output_names: OutputNames | None = None,
        input_tensors: ByTensor = None,  # type: ignore[assignment]
        multi_input_tensors: Mapping[str, ByTensor] = None,  # type: ignore[assignment]
        idempotent: bool | None = None,
    ) -> RemoteRequest:
        """Starts a run and returns when its inputs were copied. The arguments are those of `run`.

        Raises:
            InputError, TypeError: As `run`, at once. Everything else is the request's.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        request = RemoteRequest(parts_of(self._context(), given, copied=True))
        request._start(self._workers)
        return request

    def _context(self) -> Context:
        """What the runs need of their runtime."""
        raise NotImplementedError
