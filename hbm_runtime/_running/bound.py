"""Calls with fixed tensors in device memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._errors import InputError, InputTypeError, UnsupportedError
from .._models.naming import name_values, unknown_tensor
from .fitting import require_fit
from .hints import about_object
from .native import checked
from .request import InferRequest

if TYPE_CHECKING:
    from .._models.model import Model
    from .._models.tensor_info import TensorInfos

Array = NDArray[Any]


class FixedArrays(dict[str, Array]):
    """The arrays of a binding by name, which are written in place and never replaced."""

    def __init__(self, role: str, arrays: Mapping[str, Array]) -> None:
        super().__init__(arrays)
        self._role = role

    def _refuse(self, *keys: object, **_: object) -> NoReturn:
        name = repr(keys[0]) if keys else "name"
        place = f"bound.{self._role}[{name}]"
        raise TypeError(f"the arrays of a binding are fixed: write into the array, {place}[...] = values")

    __setitem__ = __delitem__ = setdefault = pop = popitem = update = clear = __ior__ = _refuse


class BoundRun:
    """A model with fixed input and output arrays in device memory; running it copies and allocates nothing.

    Made by `HB_HBMRuntime.bind`. One run at a time: starting another while one is in flight raises `HbmStateError`, and
    the arrays must not be touched meanwhile. Make one for each camera, or two for double buffering.

    An output whose shape is known only after a run has no array before the first run, and a new one after each `run`;
    so has an output whose shape differs from the one that the model declares. Outputs of `run_async` are in the result
    of its request.

    Attributes:
        inputs: Arrays by input name, to be written in place before a run.
        outputs: Arrays by output name, overwritten by each run.
    """

    __module__ = "hbm_runtime"

    def __init__(
        self,
        runtime: _core.Runtime,
        view: Model,
        inputs: Mapping[str, Array] | Sequence[Array] | Array | None,
        outputs: Mapping[str, Array] | Sequence[Array] | Array | None,
    ) -> None:
        model = self._model = view.name
        given = _named_arrays(model, "input", inputs, view.inputs)
        shapes = {name: given[name].shape if name in given else info.shape for name, info in view.inputs.items()}
        arrays: dict[str, Array] = {}
        for name, info in view.inputs.items():
            array = given.get(name)
            if array is None or not _core.is_device_array(array):
                if array is not None:
                    require_fit(model, "input", info, array, view.inputs)
                fresh = runtime._allocate(model, True, info.index, list(shapes[name]))
                if array is not None:
                    np.copyto(fresh, array)
                array = fresh
            arrays[name] = array
        self.inputs: Mapping[str, Array] = FixedArrays("inputs", arrays)
        wanted = _named_arrays(model, "output", outputs, view.outputs)
        self._names = list(view.outputs)
        self._replaced = False
        self._arrays = wanted | _fresh_outputs(runtime, view, shapes, wanted)
        self.outputs: Mapping[str, Array] = self._in_order(self._arrays)
        names = runtime.output_names[model]  # a model may give one output twice
        targets = [self._arrays.get(name) for name in names]
        self._call = _core.Binding(runtime, model, list(self.inputs.values()), targets, exact=bool(wanted))

    @checked
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
        others = self._call.run(timeout, deadline)
        if others is not None or self._replaced:
            self.outputs = self._in_order(self._arrays | (others or {}))
            self._replaced = others is not None
        return self.outputs

    def _in_order(self, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        return FixedArrays("outputs", {name: arrays[name] for name in self._names if name in arrays})

    @checked
    def run_async(
        self, *, timeout: float | None = None, deadline: float | None = None
    ) -> InferRequest[dict[str, Array]]:
        """Starts the model on `inputs`.

        The result of the request is ``{output: array}``: the arrays of `outputs`, and new ones as `run`.

        Raises like `run`, except for the errors of the request itself.
        """
        return InferRequest[dict[str, Array]](self._call.start(timeout, deadline), self._model)

    @property
    def status(self) -> str:
        """One of "ready", "running" and "fault", which means that the last run failed; the next one may be started."""
        return self._call.status

    def __repr__(self) -> str:
        inputs, outputs = (
            ", ".join(f"{name} {array.dtype} {list(array.shape)}" for name, array in arrays.items())
            for arrays in (self.inputs, self.outputs)
        )
        return f"<BoundRun of {self._model!r}, {self.status}: inputs {inputs}; outputs {outputs}>"


def _fresh_outputs(
    runtime: _core.Runtime, view: Model, shapes: Mapping[str, Sequence[int]], wanted: Mapping[str, Array]
) -> dict[str, Array]:
    """Makes device arrays for the outputs that are not given and whose shape is known before a run."""
    fresh = {name: info for name, info in view.outputs.items() if name not in wanted}
    known: dict[str, Sequence[int]] = {name: info.shape for name, info in fresh.items() if not info.is_dynamic}
    if len(known) != len(fresh):
        with suppress(UnsupportedError):
            inferred = view.infer_shapes(shapes)
            known |= {name: inferred[name] for name in fresh}
    return {name: runtime._allocate(view.name, False, fresh[name].index, list(shape)) for name, shape in known.items()}


def _named_arrays(
    model: str,
    role: str,
    given: Mapping[str, Array] | Sequence[Array] | Array | None,
    infos: TensorInfos,
) -> dict[str, Array]:
    if given is None:
        return {}
    named: Any = name_values(model, role, infos, given)
    arrays: Mapping[str, Array] = named if isinstance(named, Mapping) else {_only(model, role, infos): named}
    for name, array in arrays.items():
        if name not in infos:
            raise unknown_tensor(model, role, infos, name)
        if not isinstance(array, np.ndarray):
            kind, hint = type(array).__name__, about_object(array)
            message = f"model '{model}', {role} '{name}' must be a numpy array, not {kind} ({hint})"
            raise InputTypeError(message, model=model, tensor=name)
    return dict(arrays)


def _only(model: str, role: str, infos: TensorInfos) -> str:
    if len(infos) != 1:
        valid = ", ".join(f"'{info}'" for info in infos)
        raise InputError(f"model '{model}' has {len(infos)} {role}s: give a dict by name, of {valid}", model=model)
    return next(iter(infos))
