"""What a profile has recorded, as spans of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: One record of `_core.Recorder`.
Record = Mapping[str, Any]

HOST = "host"
LAYER = "LayerExecute"
COPY = "Copy"


@dataclass(frozen=True)
class TensorNames:
    """Names of a model's tensors in the model's order."""

    inputs: Sequence[str]
    outputs: Sequence[str]


@dataclass(frozen=True)
class Span:
    """Something that took time. Times are nanoseconds of `time.monotonic_ns`.

    Attributes:
        kind: ModelExecute, Copy, Queue, Launch, DeviceExecute, Wait or LayerExecute.
        begin_ns: When it began.
        end_ns: When it ended.
        model: Name of the model.
        request: Number of the request in its profile; -1 for layers that belong to none of them.
        thread: Kernel id of the thread that it happened on; 0 if there is none or it is not known.
        operation: Name of the operation, of LayerExecute.
        tensor: Name of the tensor, of Copy.
        source: Where the bytes come from, for Copy: "host", or the device.
        destination: Where they go, for Copy: "host", or the device.
        nbytes: Bytes that Copy moved; 0 where both sides use the same memory and only caches were flushed.
    """

    kind: str
    begin_ns: int
    end_ns: int
    model: str
    request: int = -1
    thread: int = 0
    operation: str = ""
    tensor: str = ""
    source: str = ""
    destination: str = ""
    nbytes: int = 0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end_ns - self.begin_ns) / 1e9

    @property
    def phase(self) -> str:
        """Its kind; copies are distinguished by their direction."""
        if self.kind != COPY:
            return self.kind
        return "CopyIn" if self.source == HOST else "CopyOut"


def spans_of(number: int, record: Record, names: TensorNames, device: str) -> list[Span]:
    """The spans of a request that was done, in the order of a request's life.

    Args:
        number: The request's number.
        record: Its record.
        names: Names of its model's tensors.
        device: What the device is called.
    """
    model = record["model"]
    spans = []

    def add(kind: str, begin: int, end: int, thread: int = 0, **more: Any) -> None:
        if 0 < begin <= end:
            spans.append(Span(kind, begin, end, model, number, thread, **more))

    def add_copies(inputs: bool) -> None:
        source, destination = (HOST, device) if inputs else (device, HOST)
        tensors, thread = (names.inputs, "prepared_by") if inputs else (names.outputs, "collected_by")
        for is_input, index, nbytes, begin, end in record["copies"]:
            if is_input == inputs:
                more = {"tensor": tensors[index], "source": source, "destination": destination, "nbytes": nbytes}
                add(COPY, begin, end, record[thread], **more)

    add("ModelExecute", record["enqueue_ns"], record["done_ns"])
    add_copies(inputs=True)
    add("Queue", record["copied_ns"], record["submit_ns"])
    add("Launch", record["submit_ns"], record["launched_ns"], record["submitted_by"])
    # A driver that reports when the task ran reports its time in the driver's queue, too.
    begin = record["device_begin_ns"] or record["launched_ns"]
    add("Queue", min(record["launched_ns"], begin), begin)
    add("DeviceExecute", begin, record["device_end_ns"] or record["ended_ns"], record["device_thread"])
    add_copies(inputs=False)
    for thread, wait_begin, wait_end in record["waits"]:
        add("Wait", wait_begin, wait_end or record["done_ns"], thread)
    return spans


def layer_spans(model: str, times: Iterable[tuple[str, str, int, int, int]], devices: Iterable[Span]) -> list[Span]:
    """The spans of a model's operations, each with the request that it belongs to.

    An operation belongs to the request whose DeviceExecute was on its thread at that time. The engine counts in whole
    microseconds: what sticks out of that span is cut off.

    Args:
        model: Name of the model.
        times: Name, type, begin, duration and thread of each operation.
        devices: DeviceExecute of the model's requests.
    """
    by_thread: dict[int, list[Span]] = {}
    for span in devices:
        by_thread.setdefault(span.thread, []).append(span)
    for spans in by_thread.values():
        spans.sort(key=lambda span: span.begin_ns)
    found = []
    last_end: dict[int, int] = {}
    for name, _, begin, duration, thread in sorted(times, key=lambda time: time[2]):
        owner = _owner(by_thread.get(thread, []), begin, begin + duration)
        end, number = begin + duration, -1
        if owner is not None:
            number = owner.request
            begin = min(max(begin, owner.begin_ns, last_end.get(thread, 0)), owner.end_ns)  # noqa: PLW2901
            end = min(max(end, begin), owner.end_ns)
            last_end[thread] = end
        found.append(Span(LAYER, begin, end, model, number, thread, operation=name))
    return found


def _owner(spans: Sequence[Span], begin: int, end: int) -> Span | None:
    """The span that an operation overlaps most; spans are in order and do not overlap each other."""
    low, high = 0, len(spans)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if spans[middle].end_ns < begin else (low, middle)
    near = spans[low : low + 2]
    slack = 2_000  # the engine's times are rounded, and its clock is another one
    fitting = [span for span in near if span.begin_ns - slack <= end and begin <= span.end_ns + slack]
    return max(fitting, key=lambda span: min(end, span.end_ns) - max(begin, span.begin_ns), default=None)
