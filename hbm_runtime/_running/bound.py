"""Calls with fixed tensors in device memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._errors import InputError, InputTypeError
from .._models.naming import by_name
from .request import InferRequest

if TYPE_CHECKING:
    from .._models.model import TensorInfo, TensorInfos
    from .._runtime import HB_HBMRuntime

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
        inputs: Mapping[str, Array] | Sequence[Array] | Array | None,
        outputs: Mapping[str, Array] | Sequence[Array] | Array | None,
    ) -> None:
        view = runtime.model(model)
        self._model = model
        given = _by_name(model, "input", inputs, view.inputs)
        shapes = {name: given[name].shape if name in given else info.shape for name, info in view.inputs.items()}
        arrays: dict[str, Array] = {}
        for name, info in view.inputs.items():
            array = given.get(name)
            if array is None or not _core.is_device_array(array):
                fresh = runtime._allocate(model, True, info.index, list(shapes[name]))
                if array is not None:
                    _check_dtype(model, info, array)
                    np.copyto(fresh, array)
                array = fresh
            arrays[name] = array
        self.inputs: Mapping[str, Array] = MappingProxyType(arrays)
        wanted = _by_name(model, "output", outputs, view.outputs)
        dynamic = any(info.is_dynamic for name, info in view.outputs.items() if name not in wanted)
        inferred = view.infer_shapes(shapes) if dynamic else {}
        self.outputs: Mapping[str, Array] = MappingProxyType(
            {
                name: wanted[name]
                if name in wanted
                else runtime._allocate(model, False, info.index, list(inferred.get(name, info.shape)))
                for name, info in view.outputs.items()
            }
        )
        names = runtime.output_names[model]  # a model may give one output twice
        self._call = _core.BoundCall(runtime, model, list(self.inputs.values()), [self.outputs[name] for name in names])

    def run(self, timeout: float | None = None, *, deadline: float | None = None) -> Mapping[str, Array]:
        """Runs the model on `inputs` and returns `outputs`.

        Args:
            timeout: Seconds after which to give up.
            deadline: A time of `time.monotonic` after which it is not run any more.

        Raises:
            HbmStateError: A run is in flight, of this binding or another one that uses the same memory.
            HbmTimeoutError: Not done in time; the device goes on and writes the outputs later.
            HbmDeadlineError: The deadline had passed before the device was free.
            HbmClosedError: The runtime was closed.
            InputError: The model was reloaded, and the new one has other tensors.
        """
        self._call.run(timeout, deadline)
        return self.outputs

    def run_async(self, *, timeout: float | None = None, deadline: float | None = None) -> InferRequest:
        """Starts the model on `inputs`; the result of the request holds the arrays of `outputs`.

        Raises like `run`, but for what the request itself ends with.
        """
        return InferRequest(self._call.start(timeout, deadline))

    @property
    def status(self) -> str:
        """One of "ready", "running" and "fault", which means that the last run failed; the next one may be started."""
        return self._call.status

    def __repr__(self) -> str:
        return f"<BoundRun of {self._model!r}>"


def _by_name(
    model: str,
    role: str,
    given: Mapping[str, Array] | Sequence[Array] | Array | None,
    infos: TensorInfos,
) -> dict[str, Array]:
    if given is None:
        return {}
    named: Any = by_name(model, role, infos, given)
    arrays: Mapping[str, Array] = named if isinstance(named, Mapping) else {_only(model, role, infos): named}
    for name, array in arrays.items():
        if name not in infos:
            valid = ", ".join(f"'{info}'" for info in infos)
            message = f"model '{model}' has no {role} '{name}'; its {role}s are {valid}"
            raise InputError(message, model=model, tensor=str(name))
        if not isinstance(array, np.ndarray):
            message = f"model '{model}', {role} '{name}' must be a numpy array, not {type(array).__name__}"
            raise InputTypeError(message, model=model, tensor=name)
    return dict(arrays)


def _only(model: str, role: str, infos: TensorInfos) -> str:
    if len(infos) != 1:
        valid = ", ".join(f"'{info}'" for info in infos)
        raise InputError(f"model '{model}' has {len(infos)} {role}s: give a dict by name, of {valid}", model=model)
    return next(iter(infos))


def _check_dtype(model: str, info: TensorInfo, array: Array) -> None:
    if array.dtype != info.np_dtype:
        message = f"model '{model}', input '{info.name}': expected dtype {info.np_dtype}, given {array.dtype}"
        raise InputError(message, model=model, tensor=info.name)
