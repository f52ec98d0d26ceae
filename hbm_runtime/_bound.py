"""Calls with fixed tensors in device memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._errors import HbmStateError, InputError
from ._model_order import by_name
from ._request import InferRequest

if TYPE_CHECKING:
    from ._runtime import HB_HBMRuntime

Array = NDArray[Any]


class BoundRun:
    """A model with fixed input and output arrays in device memory; running it copies and allocates nothing.

    Made by `HB_HBMRuntime.bind`. One run at a time: starting another while one is in flight raises `HbmStateError`, and
    the arrays must not be touched meanwhile. Make one for each camera, or two for double buffering.

    Attributes:
        inputs: Arrays by input name, to be written in place before a run.
        outputs: Arrays by output name, overwritten by each run.
    """

    def __init__(
        self,
        runtime: HB_HBMRuntime,
        model: str,
        inputs: Mapping[str, Array] | Sequence[Array] | None,
        outputs: Mapping[str, Array] | Sequence[Array] | None,
    ) -> None:
        view = runtime.model(model)
        self._runtime = runtime
        self._model = model
        self._request: InferRequest | None = None
        self._status = "ready"
        given = _known(model, "input", by_name(model, "input", view.inputs, inputs or {}), view.inputs)
        shapes = {name: given[name].shape if name in given else info.shape for name, info in view.inputs.items()}
        self.inputs: dict[str, Array] = {}
        for name, info in view.inputs.items():
            array = given.get(name)
            if array is None or not _core.is_device_array(array):
                fresh = runtime._allocate(model, True, info.index, list(shapes[name]))
                if array is not None:
                    np.copyto(fresh, array, casting="no")
                array = fresh
            self.inputs[name] = array
        wanted = _known(model, "output", by_name(model, "output", view.outputs, outputs or {}), view.outputs)
        dynamic = any(info.is_dynamic for info in view.outputs.values())
        inferred = view.infer_shapes(shapes) if dynamic else {}
        self.outputs: dict[str, Array] = {
            name: wanted[name]
            if name in wanted
            else runtime._allocate(model, False, info.index, list(inferred.get(name, info.shape)))
            for name, info in view.outputs.items()
        }
        self._call = _core.BoundCall(runtime, model, list(self.inputs.values()), list(self.outputs.values()))

    def run(self, timeout: float | None = None) -> dict[str, Array]:
        """Runs the model on `inputs` and returns `outputs`.

        Args:
            timeout: Seconds after which to give up.

        Raises:
            HbmStateError: A run is in flight.
            HbmTimeoutError: Not done in time; the device goes on and writes the outputs later.
        """
        if self._request is not None:
            self._refuse_second_run()
        self._status = "running"
        try:
            self._call.run(timeout)
        except HbmStateError:  # another thread's run is in flight, and goes on
            raise
        except BaseException:
            self._status = "fault"
            raise
        self._status = "ready"
        return self.outputs

    def run_async(self, *, timeout: float | None = None, deadline: float | None = None) -> InferRequest:
        """Starts the model on `inputs`; the result of the request holds the arrays of `outputs`."""
        if self._request is not None:
            self._refuse_second_run()
        self._request = InferRequest(
            self._runtime._start(self.inputs, self._model, outputs=self.outputs, timeout=timeout, deadline=deadline)
        )
        return self._request

    @property
    def status(self) -> str:
        """One of "ready", "running" and "fault", which means that the last run failed; the next one may be started."""
        if self._request is None:
            return self._status
        if not self._request.done():
            return "running"
        return "ready" if self._request.status == "done" else "fault"

    def _refuse_second_run(self) -> None:
        assert self._request is not None
        if not self._request.done():
            raise HbmStateError(
                f"model '{self._model}': a run on these arrays is in flight; wait for it, or bind a second set",
                model=self._model,
            )
        self._request = None

    def __repr__(self) -> str:
        return f"<BoundRun of {self._model!r}>"


def _known(model: str, role: str, arrays: Mapping[str, Array], infos: Mapping[str, Any]) -> Mapping[str, Array]:
    for name in arrays:
        if name not in infos:
            valid = ", ".join(f"'{info}'" for info in infos)
            message = f"model '{model}' has no {role} '{name}'; its {role}s are {valid}"
            raise InputError(message, model=model, tensor=name)
    return arrays
