"""Profiles, statistics and facts of the machine that come from a server, as the objects that they are locally."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from hbm_runtime._errors import HbmStateError, InputError, UnsupportedError
from hbm_runtime._machine.devices import Device, HostInfo
from hbm_runtime._observing.profile import Profile
from hbm_runtime._observing.slots import ProfileSlot
from hbm_runtime._observing.spans import TensorNames

from ..transports.server_errors import broken_answer
from ..transports.servers import Servers
from ..transports.wire import Control, Document
from .running import Outcome


class RemoteProfile(Profile):
    """Records of the requests that a remote runtime started inside a ``with runtime.profile()`` block.

    The events happened on the server. Their times are moved onto this machine's `time.monotonic_ns`, so that each
    request lies in the middle between its sending and its answer. Threads are the server's.
    """

    def __init__(self, runtime: Any, capacity: int) -> None:
        if capacity < 0:
            raise InputError(f"capacity is {capacity}; it counts requests and must be at least 0")
        self._remote = runtime
        self._slot = ProfileSlot(times_operators=False)
        self._recorder = _Recorder(capacity)  # type: ignore[assignment] # what Profile asks of the extension's
        self._operation_times = {}
        self._names = {}
        self._threads = {}
        self._device = "bpu"

    def __enter__(self) -> RemoteProfile:
        if self._remote._profile is not None:
            raise HbmStateError("a profile of this runtime is being recorded; end that one first")
        inputs, outputs = self._remote.input_names, self._remote.output_names
        self._names = {model: TensorNames(inputs[model], outputs[model]) for model in inputs}
        self._remote._profile = self
        return self

    def __exit__(self, *_: object) -> None:
        self._remote._profile = None

    def _known_threads(self) -> dict[int, str]:
        return self._threads  # this process's may have the same numbers

    def _add(self, outcome: Outcome) -> None:
        """Takes the server's report of one request."""
        text = outcome.parameters.get("hbm_profile")
        if not isinstance(text, str):
            return
        try:
            report = json.loads(text)
            self._device = str(report.get("device", self._device))
            self._threads |= {int(thread): str(name) for thread, name in report.get("threads", {}).items()}
            for record in report["records"]:
                self._recorder.add(_moved(record, outcome))  # type: ignore[attr-defined]
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise broken_answer(outcome.server, f"hbm_profile: {type(error).__name__}: {error}") from error


class _Recorder:
    """Keeps records; those that do not fit are counted."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._records: list[Document] = []
        self.lost = 0

    def add(self, record: Document) -> None:
        if len(self._records) < self._capacity:
            self._records.append(record)
        else:
            self.lost += 1

    def records(self) -> list[Document]:
        return list(self._records)


def _moved(record: Document, outcome: Outcome) -> Document:
    """Puts a record's times onto this machine's clock."""
    shift = (outcome.begin_ns + outcome.end_ns) // 2 - (record["enqueue_ns"] + record["done_ns"]) // 2

    def at(time: int) -> int:
        return time + shift if time else 0  # 0 stands for a point that was not reached

    moved = {name: at(value) if name.endswith("_ns") else value for name, value in record.items()}
    moved["copies"] = [(*copy[:3], at(copy[3]), at(copy[4])) for copy in record.get("copies", ())]
    moved["waits"] = [(wait[0], at(wait[1]), at(wait[2])) for wait in record.get("waits", ())]
    return moved


def host_of(servers: Servers, control: Control) -> Document | None:
    """Asks for the server's report of its machine; None if the server is of another make."""
    return servers.call(lambda server: server.transport.host(control), control, repeatable=True)


def core_count(host: Document | None) -> int | None:
    """Returns the number of the server's BPU cores; None if it is not known."""
    devices = (host or {}).get("devices")
    return len(devices) if devices else None


def devices_of(host: Document | None) -> list[Device]:
    """Returns the BPU cores that a server reports; none if the server is of another make."""
    return [Device(**_known(Device, device)) for device in (host or {}).get("devices", ())]


def host_info_of(host: Document | None, server: str) -> HostInfo:
    """Returns what a server reports of its machine. Raises UnsupportedError if it reports nothing."""
    facts = _demanded(host, "host", server)
    known = _known(HostInfo, facts)
    known["capabilities"] = tuple(known.get("capabilities", ()))
    known["devices"] = tuple(devices_of(host))
    return HostInfo(**known)


def memory_of(host: Document | None, server: str) -> dict[str, dict[str, int]]:
    """Returns device memory by model. Raises UnsupportedError if the server does not report it."""
    return dict(_demanded(host, "memory_info", server))


def _demanded(host: Document | None, what: str, server: str) -> Mapping[str, Any]:
    report = (host or {}).get(what)
    if not isinstance(report, Mapping):
        raise UnsupportedError(f"{server} does not report its {what}; servers of hbm_runtime do")
    return report


def _known(cls: type, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Later servers may report more than this client knows."""
    return {name: value for name, value in facts.items() if name in cls.__dataclass_fields__}  # type: ignore[attr-defined]


def stats_of(servers: Servers, host: Document | None, control: Control) -> dict[str, Any]:
    """Returns counters in the form of `HB_HBMRuntime.stats`."""
    report = (host or {}).get("stats")
    if isinstance(report, dict):
        return report
    answer = servers.read("statistics", {}, control)
    listed = cast("list[Document]", answer.get("model_stats", []))
    return {"models": {model["name"]: _counts(model.get("inference_stats", {})) for model in listed}, "cores": []}


def _counts(stats: Document) -> dict[str, Any]:
    def of(what: str, figure: str = "count") -> int:
        return int(stats.get(what, {}).get(figure, 0))

    return {
        "done": of("success"),
        "failed": of("fail"),
        "cancelled": of("cancel"),
        "device_ns": of("compute_infer", "ns"),
        "queue_ns": of("queue", "ns"),
        "copy_ns": of("compute_input", "ns") + of("compute_output", "ns"),
    }
