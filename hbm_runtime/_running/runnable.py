"""The methods that run models."""

# ruff: noqa: PLR0917, RUF013 (the vendor's order; None stands for "not given" and is no value for type checkers)

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _core
from .native import native

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .keywords import ByTensor, Inputs, OutputNames, Outputs, Result
    from .request import InferRequest

# The bodies are C++ (src/bindings/bind_run.cpp): a layer of Python around them would cost a third of a short call.


class RunnableRuntime(_core.Runtime):
    """A runtime that runs models: signature, types and docstrings of what the extension does."""

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        _core.note_subclass(cls)

    @native
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
    ) -> Result:
        """Runs one or several models and waits for the results.

        The GIL is released while inputs are copied and the device works. Any number of threads may call it at a time.
        Inputs have the model's dtype, rank and dimensions (-1 fits any size) and any memory layout; nothing is cast.

        Args:
            input_tensor: One array, for a model with exactly one input; or arrays by input name, for one model; or
                such dicts by model name, and these models run in parallel.
            model_name: Which model gets the array or the flat dict, needed when several are loaded; with the nested
                form only this model runs.
            priority: 0 to 255 by model name, bigger first; this call only.
            bpu_cores: Lists of core numbers by model name, [-1] for automatic; this call only.
            custom_id: int by model name; among equal priorities the smaller runs first; this call only.
            device_id: int by model name; this call only.
            timeout: Seconds after which to give up, None to wait without limit.
            deadline: A time of `time.monotonic`; a model that has not reached the device by then is not run.
            outputs: Arrays to be filled, by output name (with several models by model name first): of the output's
                dtype and shape, writeable, any layout. The result holds the same objects.
            output_names: The outputs to return, a list of names (with several models by model name), None for all.
            input_tensors: Another name for `input_tensor`, for arrays by input name.
            multi_input_tensors: Another name for `input_tensor`, for dicts by model name.

        Returns:
            ``{model: {output: array}}`` in the order of the models given and of the outputs. The arrays are writeable
            views of device memory with the driver's strides; they stay valid as long as they are held.

        Raises:
            InputError: Wrong dtype, shape, name or scheduling value; nothing was run.
            TypeError: An argument of a wrong type.
            DriverError: The driver failed.
            HbmTimeoutError: Not done in time; the device goes on, the runtime can be used.
            HbmDeadlineError: The deadline had passed before the device was free.
        """
        raise NotImplementedError

    @native
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
    ) -> InferRequest:
        """Starts a run and returns when its inputs were copied. The arguments are those of `run`.

        Args:
            input_tensor: As for `run`, like all that are not described here.
            model_name: As for `run`.
            priority: As for `run`.
            bpu_cores: As for `run`.
            custom_id: As for `run`.
            device_id: As for `run`.
            timeout: Seconds from now; the request then fails with `HbmTimeoutError`, and arrays given as `outputs` are
                not written any more.
            deadline: A time of `time.monotonic`; a request that has not reached the device by then is not run and
                fails with `HbmDeadlineError`.
            outputs: As for `run`; written when the request has ended.
            output_names: As for `run`.
            input_tensors: As for `run`.
            multi_input_tensors: As for `run`.

        Raises:
            InputError, TypeError: As `run`, at once. All other errors are raised by the request.
        """
        raise NotImplementedError

    @native
    def set_scheduling_params(
        self,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
    ) -> None:
        """Sets defaults for the following runs of some models; all or nothing.

        Args:
            priority: 0 to 255 by model name.
            bpu_cores: Lists of core numbers by model name; [-1] or [] for automatic.
            custom_id: int by model name.
            device_id: int by model name.

        Raises:
            InputError: Unknown model, number out of range, wrong number of cores; nothing was changed.
            TypeError: A value of a wrong type.
        """
        raise NotImplementedError
