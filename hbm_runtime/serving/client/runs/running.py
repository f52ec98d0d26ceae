"""One run of one model on a server: what is sent, by which way, and what becomes of the answer."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbm_runtime._errors import HbmDeadlineError, HbmError, HbmNetworkError, HbmTimeoutError
from hbm_runtime._future_errors import HbmCancelledError

from ...protocol.datatypes import datatype_of_array
from ..models.facts import TensorFacts
from ..transports.regions import ALIGNMENT, Region, Regions
from ..transports.server_errors import broken_answer
from ..transports.servers import Server, Servers
from ..transports.wire import Array, Control, InferCall, InferReply, Parameter, Placement, Tensor
from .run_arguments import ModelRun


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes:
        outputs: Arrays by name, those that are shown, in their order.
        parameters: Parameters of the response.
        server: Text form of the address that answered.
        begin_ns: When it was sent, on `time.monotonic_ns`.
        end_ns: When the answer was there.
    """

    outputs: dict[str, Array]
    parameters: Mapping[str, Parameter]
    server: str
    begin_ns: int
    end_ns: int


def run_model(
    servers: Servers,
    run: ModelRun,
    parameters: Mapping[str, Parameter],
    deadline: float | None,
    control: Control,
    *,
    idempotent: bool,
) -> Outcome:
    """Runs a model on one of the servers.

    Args:
        servers: The servers to ask.
        run: Inputs and outputs, which were checked.
        parameters: The request's parameters.
        deadline: A time of `time.monotonic` by which the device must have begun, or None.
        control: Time limit of the whole call.
        idempotent: It may run twice.

    Raises:
        HbmError: What the server reports; `HbmNetworkError`, `HbmTimeoutError`, `HbmCancelledError`.
    """

    def ask(server: Server) -> Outcome:
        given = dict(parameters)
        remaining = control.remaining()
        if remaining is not None:
            given["timeout"] = max(1, int(remaining * 1e6))
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise HbmDeadlineError(
                    f"model '{run.model.name}': the deadline had passed before the request was sent; it was not run",
                    model=run.model.name,
                )
            given["hbm_deadline_ms"] = left * 1e3
        begin = time.monotonic_ns()
        outputs, reply = _through_memory(server, run, given, control) or _through_body(server, run, given, control)
        return Outcome(outputs, reply.parameters, str(server.transport.address), begin, time.monotonic_ns())

    outcome = servers.call(ask, control, repeatable=idempotent)
    for name, target in run.targets.items():
        if name in outcome.outputs:
            target[...] = outcome.outputs[name]
            outcome.outputs[name] = target
    return Outcome(
        {name: outcome.outputs[name] for name in run.shown}, outcome.parameters, outcome.server, outcome.begin_ns,
        outcome.end_ns,
    )  # fmt: skip


def _wanted(run: ModelRun) -> list[str]:
    """Names of the outputs that are fetched: shown or filled, in the model's order."""
    return [name for name in run.model.outputs if name in run.shown or name in run.targets]


def _through_body(
    server: Server, run: ModelRun, parameters: Mapping[str, Parameter], control: Control
) -> tuple[dict[str, Array], InferReply]:
    wanted = _wanted(run)
    call = InferCall(
        run.model.name,
        tuple(_tensor(name, array) for name, array in run.inputs.items()),
        # An empty list would ask for all.
        dict.fromkeys(wanted) if 0 < len(wanted) < len(run.model.outputs) else None,
        parameters,
    )
    reply = server.transport.infer(call, control)
    return {name: _received(server, run, reply, name, reply.outputs.get(name)) for name in wanted}, reply


def _through_memory(
    server: Server, run: ModelRun, parameters: Mapping[str, Parameter], control: Control
) -> tuple[dict[str, Array], InferReply] | None:
    """Runs with tensors in shared memory; returns None if the message's body has to carry them."""
    wanted = _wanted(run)
    sizes = {name: _nbytes(run.model.outputs[name]) for name in wanted}
    nbytes = sum(array.nbytes for array in run.inputs.values()) + sum(size or 0 for size in sizes.values())
    if not server.regions.wants(nbytes):
        return None
    into, out_of = _Layout(), _Layout()
    for name, array in run.inputs.items():
        into.add(name, array.nbytes)
    for name, size in sizes.items():
        out_of.add(name, size or 0)
    with _Leases(server.regions, into, out_of) as leases:
        inputs = tuple(_placed(name, array, leases.inputs, into) for name, array in run.inputs.items())
        places = {name: out_of.place(name, leases.outputs) for name in wanted} if wanted else None
        try:
            reply = server.transport.infer(InferCall(run.model.name, inputs, places, parameters), control)
        except (HbmNetworkError, HbmTimeoutError, HbmCancelledError):
            raise  # the server may still use the regions
        except HbmError:
            if leases.are_lost():
                return None
            raise
        leases.used = True
        base = None if leases.outputs is None else leases.outputs.bytes()
        outputs: dict[str, Array] = {}
        for name in wanted:
            received = reply.outputs.get(name)
            if received is None and base is not None and name in out_of.offsets:
                facts = run.model.outputs[name]
                begin = out_of.offsets[name]
                elements = base[begin : begin + (sizes[name] or 0)].view(facts.dtype.to_dtype())
                received = elements.reshape(facts.shape)
            outputs[name] = _received(server, run, reply, name, received)
        leases.keep(base)
        return outputs, reply


class _Layout:
    """Offsets of tensors in a region; those without bytes have none."""

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self.nbytes = 0

    def add(self, name: str, nbytes: int) -> None:
        if nbytes:
            self.offsets[name], self._sizes[name] = self.nbytes, nbytes
            self.nbytes += -(-nbytes // ALIGNMENT) * ALIGNMENT

    def place(self, name: str, region: Region | None) -> Placement | None:
        if region is None or name not in self.offsets:
            return None
        return Placement(region.name, self.offsets[name], self._sizes[name])


class _Leases:
    """The regions of one call. What is not known to be free again is not used again."""

    def __init__(self, regions: Regions, into: _Layout, out_of: _Layout) -> None:
        self._regions = regions
        self._sizes = (into.nbytes, out_of.nbytes)
        self.inputs: Region | None = None
        self.outputs: Region | None = None
        self.used = False  # True once the server has answered and touches them no more

    def __enter__(self) -> _Leases:
        self.inputs, self.outputs = (self._regions.lease(size) if size else None for size in self._sizes)
        return self

    def are_lost(self) -> bool:
        """Returns True if the server was started anew and knows none of them."""
        self.used = True  # it has answered
        lost = any(self._regions.has_lost(region) for region in (self.inputs, self.outputs) if region is not None)
        if lost:
            self._regions.forget()
        return lost

    def keep(self, base: Array | None) -> None:
        """Leaves the outputs' region to the arrays on it."""
        if base is not None and self.outputs is not None:
            self._regions.give_back_with(base, self.outputs)
            self.outputs = None

    def __exit__(self, *_: object) -> None:
        end = self._regions.give_back if self.used else self._regions.discard
        for region in (self.inputs, self.outputs):
            if region is not None:
                end(region)


def _nbytes(facts: TensorFacts) -> int | None:
    if -1 in facts.shape:
        return None
    return math.prod(facts.shape) * facts.dtype.to_dtype().itemsize


def _tensor(name: str, array: Array) -> Tensor:
    # Not ascontiguousarray(): that makes a scalar an array of one.
    return Tensor(name, datatype_of_array(array), array.shape, np.asarray(array, order="C"))


def _placed(name: str, array: Array, region: Region | None, layout: _Layout) -> Tensor:
    if region is None or name not in layout.offsets:
        return _tensor(name, array)
    return Tensor(name, datatype_of_array(array), array.shape, placement=region.write(layout.offsets[name], array))


def _received(server: Server, run: ModelRun, reply: InferReply, name: str, array: Any) -> Array:
    facts = run.model.outputs[name]
    address = server.transport.address
    if array is None:
        raise broken_answer(address, f"output '{name}' of model '{run.model.name}' is missing")
    expected = facts.dtype.to_dtype()
    if array.dtype != expected:
        text = f"output '{name}' of model '{run.model.name}' has {array.dtype}, expected {expected}"
        raise broken_answer(address, text)
    shape = reply.shapes.get(name, array.shape)
    if len(shape) != len(facts.shape) or any(own not in (-1, got) for own, got in zip(facts.shape, shape, strict=True)):
        text = f"output '{name}' of model '{run.model.name}' has shape {list(shape)}, expected {list(facts.shape)}"
        raise broken_answer(address, text)
    received: Array = array
    return received
