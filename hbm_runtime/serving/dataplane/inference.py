"""One inference request of either protocol: checked, let through the model's gate, run, and made into an answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from hbm_runtime import HbmClosedError, HbmTimeoutError, InferRequest, InputError, RequestInfo
from hbm_runtime._models.naming import unknown_tensor

from ..calls.call import Cancellation, InferAnswer, InferCall, OutputTensor, Parameter, RequestedOutput
from ..calls.request_parameters import RunOptions, run_options
from ..calls.shared_memory import Part, SharedMemory
from ..calls.tensors import array_of
from ..failures import Kind, RefusedError
from ..models.repository import Repository
from ..models.served_model import VERSION, ServedModel
from ..models.statistics import Timing
from ..protocol.datatypes import datatype_of_array
from ..settings import Settings
from .measuring import Recording, benchmark_text, recorded

Outputs = dict[str, NDArray[Any]]

_BRIEF_SECONDS = 0.001
"""A model that takes less is computed on the thread of its request, where the driver can: that wakes no other."""
_BRIEF_ON_LOOP_SECONDS = 0.0002
"""The same on an event loop, which all clients share; notifying it of an end takes as long."""


@dataclass(slots=True)
class Run:
    """A request whose parts were read and checked, and which has a place.

    Attributes:
        model: The model.
        call: The request.
        inputs: Its inputs.
        options: Its parameters.
        cancellation: Takes it back.
        ends_at: Time of `time.monotonic` at which it fails; None: never.
        request: What runs; None before it was started, and for requests that are measured.
        inner: The model's name in the result.
        memory: Shared memory that inputs lie in.
    """

    model: ServedModel
    call: InferCall
    inputs: dict[str, NDArray[Any]]
    options: RunOptions
    cancellation: Cancellation
    ends_at: float | None
    request: InferRequest | None = None
    inner: str = ""
    memory: list[Part] = field(default_factory=list)


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

    def start(self, model: ServedModel, call: InferCall, cancellation: Cancellation, *, may_wait: bool) -> Run | None:
        """Starts one request, which `finish` has to end.

        Returns:
            The request; None, with nothing left behind, for one that would have to wait and may not.

        Raises:
            HbmError: The request was wrong, or refused. Nothing is left behind.
        """
        limits = self._settings.limits
        if len(call.inputs) > limits.tensors or len(call.outputs) > limits.tensors:
            raise RefusedError(Kind.TOO_LARGE, f"a request has at most {limits.tensors} tensors", model=model.name)
        options = run_options(model.name, call.parameters, call.time_limit, limits.repeat)
        if options.measured and not may_wait:
            return None
        _check_outputs(model, call.outputs)
        ends_at = None if options.timeout is None else time.monotonic() + options.timeout
        inputs, memory = self._inputs(model, call)
        for wish in call.outputs:  # what does not fit shall not be found out after the run
            if wish.shared is not None:
                self._check_local(call)
                self._shared_memory.check(wish.shared)
        run = Run(model, call, inputs, options, cancellation, ends_at, memory=memory)
        priority = options.priority or 0
        if not model.gate.acquire(priority, options.timeout, options.deadline, cancellation, may_wait=may_wait):
            return None
        try:
            if not options.measured:
                self._submit(run, _BRIEF_SECONDS if may_wait else _BRIEF_ON_LOOP_SECONDS)
        except BaseException:
            model.gate.release()
            raise
        return run

    def finish(self, run: Run) -> InferAnswer:
        """Waits for a request that was started. Called once for each.

        Raises:
            HbmError: It failed. Nothing is left behind.
        """
        try:
            if run.options.measured:
                return self._measured(run)
            outputs, info = _result(run)
        finally:
            run.model.gate.release()
        return self._answer(run.model, run.call, outputs, info)

    def _measured(self, run: Run) -> InferAnswer:
        """Runs a request that asks for a profile or for several runs."""
        options = run.options
        with recorded(run.model, options.repeat) if options.profile else nullcontext(Recording()) as recording:
            began = time.monotonic_ns()
            for _ in range(options.repeat):
                self._submit(run, _BRIEF_SECONDS)
                outputs, info = _result(run)
                recording.infos.append(info)
            ended = time.monotonic_ns()
        answer = self._answer(run.model, run.call, outputs, info)
        if options.profile:
            answer.parameters["hbm_profile"] = recording.text
        if options.repeat > 1:
            answer.parameters["hbm_benchmark"] = benchmark_text(recording.infos, began, ended)
        return answer

    def _inputs(self, model: ServedModel, call: InferCall) -> tuple[dict[str, NDArray[Any]], list[Part]]:
        """The inputs, and the shared memory that they lie in."""
        inputs, memory = {}, []
        for tensor in call.inputs:
            if tensor.name in inputs:
                raise InputError(
                    f"model '{model.name}': the input '{tensor.name}' was sent twice",
                    model=model.name,
                    tensor=tensor.name,
                )
            if tensor.shared is not None:
                self._check_local(call)
                memory.append(self._shared_memory.part(tensor.shared))
                tensor.raw = memory[-1].data
            inputs[tensor.name] = array_of(model.name, tensor)
        return inputs, memory

    def _check_local(self, call: InferCall) -> None:
        if not (call.local and self._settings.shared_memory):
            raise RefusedError(
                Kind.FORBIDDEN, "shared memory is for clients on the server's machine, where it is not turned off"
            )

    def _submit(self, run: Run, brief: float) -> None:
        """Starts the model; computes it on this thread if it is expected to take less than ``brief`` seconds."""
        keywords = run.options.scheduling(run.model.inner)
        if run.call.outputs:
            keywords["output_names"] = list(dict.fromkeys(wish.name for wish in run.call.outputs))
        if run.options.deadline is not None:
            keywords["deadline"] = run.options.deadline
        if run.ends_at is not None:
            keywords["timeout"] = max(0.0, run.ends_at - time.monotonic())
            if not keywords["timeout"]:
                raise HbmTimeoutError(f"model '{run.model.name}': not done in time", model=run.model.name)
        model = run.model
        try:
            request = _started(model, run, brief, keywords)
        except HbmClosedError:
            # The model was loaded anew with other options between the look-up and now.
            newer = self._repository.get(run.call.model, run.call.version)
            if newer is model:
                raise
            model = newer
            request = _started(model, run, brief, keywords)
        run.request, run.inner = request, model.inner
        run.cancellation.attach(request)
        try:
            for part in run.memory:  # which has been read now
                part.check()
        except InputError:
            request.abandon()
            raise

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


def _started(model: ServedModel, run: Run, brief: float, keywords: Mapping[str, Any]) -> InferRequest:
    inputs = {model.inner: run.inputs}
    request: InferRequest = model.runtime._start_awaited(inputs, model.inner, below=brief, **keywords)
    return request


def _result(run: Run) -> tuple[Outputs, RequestInfo]:
    """Waits for the outputs of a run that was submitted."""
    assert run.request is not None
    try:
        outputs = run.request.result()[run.inner]
    finally:
        run.cancellation.attach(None)
    info = run.request.info
    assert isinstance(info, RequestInfo)
    return outputs, info


def _check_outputs(model: ServedModel, wishes: Sequence[RequestedOutput]) -> None:
    known = model.description.outputs
    for wish in wishes:
        if wish.name not in known:
            raise unknown_tensor(model.name, "output", known, wish.name[:200])
