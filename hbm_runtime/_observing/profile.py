"""Where the time of requests goes."""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from typing import Any

from .. import _core
from .._errors import HbmClosedError, HbmStateError, InputError
from .durations import ModelDurations
from .slots import ProfileSlot
from .spans import COPY, LAYER, Span, TensorNames, layer_spans, spans_of
from .thread_names import THREAD_NAMES
from .trace_file import write_trace


@dataclass(frozen=True)
class ProfileEvent:
    """The beginning or the end of one step of a request.

    Attributes:
        kind: ModelExecute, Copy, Queue, Launch, DeviceExecute, Wait or LayerExecute, followed by Begin or End.
        time_ns: Nanoseconds of `time.monotonic_ns`, for all kinds.
        model: Name of the model.
        request: Number of the request in this profile; -1 for layers of requests that it does not hold.
        thread: Kernel id of the thread that it happened on; 0 if there is none or it is not known.
        operation: Name of the operation, for LayerExecute.
        tensor: Name of the tensor, for Copy.
        source: Where the bytes come from, for Copy: "host", or the device ("bpu", "bpusim").
        destination: Where they go, for Copy: "host", or the device.
        nbytes: Bytes that Copy moved; 0 where both sides use the same memory and only caches were flushed.
    """

    __module__ = "hbm_runtime"

    kind: str
    time_ns: int
    model: str
    request: int
    thread: int
    operation: str = ""
    tensor: str = ""
    source: str = ""
    destination: str = ""
    nbytes: int = 0


class Profile:
    """Records of the requests that started inside a ``with runtime.profile()`` block, of which a runtime has one."""

    __module__ = "hbm_runtime"

    def __init__(self, runtime: _core.Runtime, slot: ProfileSlot, capacity: int, operators: bool) -> None:
        if operator.index(capacity) < 0:
            raise InputError(f"capacity is {capacity}; it counts requests and must be at least 0")
        self._runtime = runtime
        self._slot = slot
        self._recorder = _core.Recorder(capacity)
        self._operators = operators
        self._operation_times: dict[str, list[tuple[str, str, int, int, int]]] = {}
        self._names: dict[str, TensorNames] = {}
        self._threads: dict[int, str] = {}
        self._device = ""

    def __enter__(self) -> Profile:
        runtime = self._runtime
        if self._slot.recording is not None:
            raise HbmStateError("a profile of this runtime is being recorded; end that one first")
        inputs, outputs = runtime.input_names, runtime.output_names
        self._names = {model: TensorNames(inputs[model], outputs[model]) for model in inputs}
        self._device = "bpusim" if _core.driver_info()["kind"] == "bpusim" else "bpu"
        if self._operators:
            if not self._slot.times_operators:
                raise HbmStateError("times of operations need HB_HBMRuntime(..., profile_operators=True)")
            self._take_operation_times()
        try:
            self._slot.recording = self
            runtime._set_recorder(self._recorder)
            return self
        except BaseException:  # Ctrl-C: the block is not entered, and nobody would leave it
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            self._stop()
        except BaseException:  # Ctrl-C before it was done
            self._stop()
            raise

    def _stop(self) -> None:
        self._slot.recording = None
        try:
            self._runtime._clear_recorder()
            if self._operators:
                self._operation_times = self._take_operation_times()
        except HbmClosedError:
            pass  # closed inside the block: what was recorded until then is kept
        self._threads = self._names_of_threads()

    def _names_of_threads(self) -> dict[int, str]:
        """Names of all threads, of which some may have ended when somebody asks."""
        return THREAD_NAMES.all()

    def _take_operation_times(self) -> dict[str, list[tuple[str, str, int, int, int]]]:
        return {model: self._runtime._take_operation_times(model) for model in self._runtime.model_names}

    @property
    def lost(self) -> int:
        """Requests that were not recorded because the buffer was full."""
        return self._recorder.lost

    @property
    def records(self) -> list[dict[str, Any]]:
        """One dict for each request that has ended, in the order of the ends, with its state and all time stamps."""
        return [dict(record) for record in self._recorder.records()]

    @property
    def events(self) -> list[ProfileEvent]:
        """The beginnings and ends of the steps of successful requests, ordered by time.

        Each request has ModelExecute; Copy of each input; Queue, once for a task slot and, where the driver reports
        when the task ran, once for a core; Launch; DeviceExecute; Copy of each output; Wait of each thread that waited
        for it. With ``operators=True`` also LayerExecute of each operation.
        """
        events = []
        for span in self._spans():
            details = (span.operation, span.tensor, span.source, span.destination, span.nbytes)
            for end, time in (("Begin", span.begin_ns), ("End", span.end_ns)):
                events.append(ProfileEvent(span.kind + end, time, span.model, span.request, span.thread, *details))
        return sorted(events, key=lambda event: event.time_ns)

    @property
    def durations(self) -> dict[str, ModelDurations]:
        """Statistics by model: of whole requests, and below that by phase, layer and tensor."""
        phases: dict[str, dict[str, dict[int, float]]] = {}
        layers: dict[str, dict[str, list[float]]] = {}
        copies: dict[str, dict[str, list[float]]] = {}
        for span in self._spans():
            if span.kind == LAYER:
                layers.setdefault(span.model, {}).setdefault(span.operation, []).append(span.seconds)
                continue
            if span.kind == COPY:
                copies.setdefault(span.model, {}).setdefault(span.tensor, []).append(span.seconds)
            of_request = phases.setdefault(span.model, {}).setdefault(span.phase, {})
            of_request[span.request] = of_request.get(span.request, 0.0) + span.seconds
        return {
            model: ModelDurations.made_of(
                {phase: list(seconds.values()) for phase, seconds in parts.items()},
                layers.get(model, {}),
                copies.get(model, {}),
            )
            for model, parts in phases.items()
        }

    def __repr__(self) -> str:
        state = "recording" if self._slot.recording is self else "ended"
        lost = f", {self.lost} lost" if self.lost else ""
        return f"<Profile, {state}: {len(self._recorder)} requests{lost}>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a trace that Perfetto (https://ui.perfetto.dev) and chrome://tracing open.

        It has a track for each thread with its name, one for each request, and an arrow that follows each request
        from thread to thread.

        Raises:
            InputError: It is the file of a model of the runtime.
            OSError: It cannot be written; an older file is left as it was.
        """
        spans = self._spans()
        names = self._known_threads()
        seen = {span.thread for span in spans if span.thread}
        named = {thread: names.get(thread, f"thread {thread}") for thread in seen}
        write_trace(path, spans, named, self._slot.files())

    def _known_threads(self) -> dict[int, str]:
        return self._threads | THREAD_NAMES.all()

    def _spans(self) -> list[Span]:
        spans: list[Span] = []
        devices: dict[str, list[Span]] = {}
        for number, record in enumerate(self._recorder.records()):
            if record["state"] != "done":
                continue
            own = spans_of(number, record, self._names[record["model"]], self._device)
            devices.setdefault(record["model"], []).extend(span for span in own if span.kind == "DeviceExecute")
            spans += own
        for model, times in self._operation_times.items():
            spans += layer_spans(model, times, devices.get(model, []))
        return spans
