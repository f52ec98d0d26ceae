"""One inference request of either protocol: checked, let through the model's gate, run, and made into an answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbm_runtime import HbmClosedError, HbmTimeoutError, InferRequest, InputError, RequestInfo

from .calls import Cancellation, InferAnswer, InferCall, OutputTensor, Parameter, RequestedOutput
from .datatypes import datatype_of_array
from .failures import Kind, RefusedError
from .measuring import Recording, benchmark_text, recorded
from .repository import Repository
from .request_parameters import RunOptions, run_options
from .served_model import VERSION, ServedModel
from .settings import Settings
from .shared_memory import SharedMemory
from .statistics import Timing
from .tensors import array_of

Outputs = dict[str, NDArray[Any]]


@dataclass(slots=True)
class _Run:
    """A request whose parts were read and checked."""

    model: ServedModel
    call: InferCall
    inputs: dict[str, NDArray[Any]]
    options: RunOptions
    cancellation: Cancellation


class Inference:
    """Runs requests. Safe to use from any thread.

    Args:
        settings: The server's settings.
        repository: Its models.
        shared_memory: Its shared memory regions.
    """

    def __init__(self, settings: Settings, repository: Repository, shared_memory: SharedMemory) -> None:
        self._settings = settings
        self._repository = repository
        self._shared_memory = shared_memory

    def answer(self, model: ServedModel, call: InferCall, cancellation: Cancellation) -> InferAnswer:
        """Runs one request.

        Raises:
            HbmError: The request was wrong, or failed. Nothing is left behind.
        """
        limits = self._settings.limits
        if len(call.inputs) > limits.tensors or len(call.outputs) > limits.tensors:
            raise RefusedError(Kind.TOO_LARGE, f"a request has at most {limits.tensors} tensors", model=model.name)
        options = run_options(model.name, call.parameters, call.time_limit, limits.repeat)
        _check_outputs(model, call.outputs)
        ends_at = None if options.timeout is None else time.monotonic() + options.timeout
        inputs = self._inputs(model, call)
        for wish in call.outputs:  # what does not fit shall not be found out after the run
            if wish.shared is not None:
                self._check_local(call)
                self._shared_memory.check(wish.shared)
        run = _Run(model, call, inputs, options, cancellation)
        model.gate.enter(options.priority or 0, options.timeout, options.deadline, cancellation)
        try:
            if options.profile or options.repeat > 1:
                return self._measured(run, ends_at)
            outputs, info = self._run(run, ends_at)
        finally:
            model.gate.leave()
        return self._answer(model, call, outputs, info)

    def _measured(self, run: _Run, ends_at: float | None) -> InferAnswer:
        """Runs a request that asks for a profile or for several runs."""
        options = run.options
        with recorded(run.model, options.repeat) if options.profile else nullcontext(Recording()) as recording:
            began = time.monotonic_ns()
            for _ in range(options.repeat):
                outputs, info = self._run(run, ends_at)
                recording.infos.append(info)
            ended = time.monotonic_ns()
        answer = self._answer(run.model, run.call, outputs, info)
        if options.profile:
            answer.parameters["hbm_profile"] = recording.text
        if options.repeat > 1:
            answer.parameters["hbm_benchmark"] = benchmark_text(recording.infos, began, ended)
        return answer

    def _inputs(self, model: ServedModel, call: InferCall) -> dict[str, NDArray[Any]]:
        inputs = {}
        for tensor in call.inputs:
            if tensor.name in inputs:
                raise InputError(
                    f"model '{model.name}': the input '{tensor.name}' was sent twice",
                    model=model.name,
                    tensor=tensor.name,
                )
            if tensor.shared is not None:
                self._check_local(call)
                tensor.raw = self._shared_memory.read(tensor.shared)
            inputs[tensor.name] = array_of(model.name, tensor)
        return inputs

    def _check_local(self, call: InferCall) -> None:
        if not (call.local and self._settings.shared_memory):
            raise RefusedError(
                Kind.FORBIDDEN, "shared memory is for clients on the server's machine, where it is not turned off"
            )

    def _run(self, run: _Run, ends_at: float | None) -> tuple[Outputs, RequestInfo]:
        keywords = run.options.scheduling(run.model.inner)
        if run.call.outputs:
            keywords["output_names"] = list(dict.fromkeys(wish.name for wish in run.call.outputs))
        if run.options.deadline is not None:
            keywords["deadline"] = run.options.deadline
        if ends_at is not None:
            keywords["timeout"] = max(0.0, ends_at - time.monotonic())
            if not keywords["timeout"]:
                raise HbmTimeoutError(f"model '{run.model.name}': not done in time", model=run.model.name)
        model, request = self._started(run, keywords)
        run.cancellation.attach(request)
        try:
            outputs = request.result()[model.inner]
        finally:
            run.cancellation.attach(None)
        info = request.info
        assert isinstance(info, RequestInfo)
        return outputs, info

    def _started(self, run: _Run, keywords: dict[str, Any]) -> tuple[ServedModel, InferRequest]:
        model = run.model
        try:
            return model, model.runtime.run_async({model.inner: run.inputs}, model.inner, **keywords)
        except HbmClosedError:
            # The model was loaded anew with other options between the look-up and now.
            newer = self._repository.get(run.call.model, run.call.version)
            if newer is model:
                raise
            return newer, newer.runtime.run_async({newer.inner: run.inputs}, newer.inner, **keywords)

    def _answer(self, model: ServedModel, call: InferCall, outputs: Outputs, info: RequestInfo) -> InferAnswer:
        wishes = call.outputs or [RequestedOutput(name) for name in outputs]
        tensors = [self._output(wish, outputs[wish.name]) for wish in wishes]
        queue = info.submit_ns - info.copied_ns
        copy = info.copied_ns - info.enqueue_ns
        run = info.ended_ns - info.submit_ns
        parameters: dict[str, Parameter] = {
            "hbm_queue_ns": queue,
            "hbm_copy_ns": copy,
            "hbm_run_ns": run,
            "hbm_core": ",".join(map(str, info.bpu_cores)),
            "hbm_frame_id": info.custom_id,
        }
        waited = info.enqueue_ns - call.received_ns
        ended = time.monotonic_ns()
        model.statistics.succeeded(Timing(ended - call.received_ns, queue + waited, copy, run, ended - info.ended_ns))
        return InferAnswer(model.name, VERSION, call.request_id, parameters, tensors)

    def _output(self, wish: RequestedOutput, array: NDArray[Any]) -> OutputTensor:
        datatype = datatype_of_array(array)
        if wish.shared is None:
            return OutputTensor(wish.name, datatype, array.shape, array)
        nbytes = self._shared_memory.write(wish.shared, array)
        return OutputTensor(wish.name, datatype, array.shape, None, replace(wish.shared, nbytes=nbytes))


def _check_outputs(model: ServedModel, wishes: Sequence[RequestedOutput]) -> None:
    known = model.description.outputs
    for wish in wishes:
        if wish.name not in known:
            names = ", ".join(f"'{name}'" for name in known)
            raise InputError(
                f"model '{model.name}' has no output {wish.name[:200]!r}; its outputs are {names}",
                model=model.name,
                tensor=wish.name[:200],
            )
