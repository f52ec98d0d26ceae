"""Requests and answers as both protocols hand them to the dataplane and get them back."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from hbm_runtime import InputError

Parameter = bool | int | float | str


@dataclass(frozen=True, slots=True)
class RegionSlice:
    """A part of a registered shared memory region.

    Attributes:
        region: Name under which the region was registered.
        offset: First byte inside the region.
        nbytes: Length of the part.
    """

    region: str
    offset: int
    nbytes: int


@dataclass(slots=True)
class InputTensor:
    """One input tensor of a request; exactly one of `raw`, `values` and `shared` has its elements.

    Attributes:
        name: Name of the model's input.
        datatype: The protocol's name of the element type, such as ``"FP32"``.
        shape: Dimensions as sent, not checked yet.
        raw: Elements as little-endian bytes in C order.
        values: Elements as numbers, flat or nested.
        shared: Where they lie in shared memory.
    """

    name: str
    datatype: str
    shape: Sequence[int]
    raw: bytes | memoryview | None = None
    values: Sequence[Any] | None = None
    shared: RegionSlice | None = None


def shared_parameters(part: RegionSlice) -> dict[str, Parameter]:
    """Returns the parameters of an output that was written to shared memory."""
    parameters: dict[str, Parameter] = {
        "shared_memory_region": part.region,
        "shared_memory_byte_size": part.nbytes,
    }
    if part.offset:
        parameters["shared_memory_offset"] = part.offset
    return parameters


def region_slice(parameters: Mapping[str, Parameter]) -> RegionSlice | None:
    """Reads the parameters of a tensor in shared memory; None for one that is not.

    Raises:
        InputError: They have wrong types.
    """
    if "shared_memory_region" not in parameters:
        return None
    region = parameters["shared_memory_region"]
    offset = parameters.get("shared_memory_offset", 0)
    nbytes = parameters.get("shared_memory_byte_size")
    if not isinstance(region, str) or type(offset) is not int or type(nbytes) is not int:
        raise InputError(
            "a tensor in shared memory needs shared_memory_region as text, and shared_memory_byte_size and "
            "shared_memory_offset as whole numbers"
        )
    return RegionSlice(region, offset, nbytes)


def check_wish(name: str, parameters: Mapping[str, Parameter]) -> None:
    """Checks the parameters of an output that a request asks for. Raises InputError for what no answer would show."""
    if parameters.get("classification"):
        raise InputError(f"output {name[:200]!r}: classification of outputs is not supported", tensor=name[:200])


@dataclass(slots=True)
class RequestedOutput:
    """An output tensor that a request asks for.

    Attributes:
        name: Name of the model's output.
        shared: Where it shall be written in shared memory; None: it is part of the answer.
        binary: HTTP only: as bytes behind the JSON header instead of numbers in it.
    """

    name: str
    shared: RegionSlice | None = None
    binary: bool = True


@dataclass(slots=True)
class InferCall:
    """One inference request.

    Attributes:
        model: Name of the model.
        version: The version asked for, "" for any.
        request_id: The client's own name of the request; it comes back in the answer.
        parameters: Request parameters by name.
        inputs: Input tensors.
        outputs: Outputs asked for; none means all.
        time_limit: Seconds that the client waits; None where it did not say.
        local: True if the client is on this machine, and so may use shared memory.
        binary_outputs: HTTP only: True if outputs that are not named are bytes behind the JSON header.
        received_ns: When the request was complete, in nanoseconds of `time.monotonic_ns`.
    """

    model: str
    version: str
    request_id: str
    parameters: Mapping[str, Parameter]
    inputs: Sequence[InputTensor]
    outputs: Sequence[RequestedOutput]
    time_limit: float | None = None
    local: bool = False
    binary_outputs: bool = False
    received_ns: int = 0


@dataclass(slots=True)
class OutputTensor:
    """One output tensor of an answer; its elements are in `array` or were written to `shared`."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    array: NDArray[Any] | None
    shared: RegionSlice | None = None


@dataclass(slots=True)
class InferAnswer:
    """What an inference request gave."""

    model: str
    version: str
    request_id: str
    parameters: dict[str, Parameter]
    outputs: list[OutputTensor]


class Abandonable(Protocol):
    """Work that can be let go of, such as an `InferRequest`."""

    def abandon(self) -> None:
        """Lets go of it in any state."""


@dataclass(slots=True)
class Cancellation:
    """Lets a protocol's thread take back a call that the dataplane works on. Safe to use from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _work: Abandonable | None = None
    cancelled: bool = False

    def cancel(self) -> None:
        """Abandons the work under way, and all that comes later."""
        with self._lock:
            self.cancelled = True
            work = self._work
        if work is not None:
            work.abandon()

    def attach(self, work: Abandonable | None) -> None:
        """Names the work under way; it is abandoned at once if the call was taken back already."""
        with self._lock:
            self._work = work
            cancelled = self.cancelled
        if cancelled and work is not None:
            work.abandon()
