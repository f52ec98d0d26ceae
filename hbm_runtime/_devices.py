"""The machine: devices, host, counters."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._errors import UnsupportedError

if TYPE_CHECKING:
    from ._runtime import HB_HBMRuntime

_BPU = Path("/sys/devices/system/bpu")


@dataclass(frozen=True)
class Device:
    """One BPU core.

    Attributes:
        index: Its number, as in `bpu_cores`.
        kind: "bpu" on a board, "bpusim" on a CPU.
        soc: Name of the system-on-chip.
        driver_version: Version text of libdnn.
        driver_path: The libdnn in use.
        load: Percent of the time in use, None where nothing tells.
        temperature: Degrees Celsius, None where nothing tells.
        details: What else the driver tells: busy_ns, finished_tasks, running, queued on bpusim.
    """

    index: int
    kind: str
    soc: str
    driver_version: str
    driver_path: str
    load: float | None = None
    temperature: float | None = None
    details: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class HostInfo:
    """The computer that this runs on.

    Attributes:
        name: Its network name.
        architecture: "x86_64", "aarch64".
        os: Name and release of the system.
        cpus: Number of CPUs that this process may use.
        capabilities: What the processor says of itself ("avx2", "asimd").
        memory_bytes: Main memory.
        devices: The BPU cores.
    """

    name: str
    architecture: str
    os: str
    cpus: int
    capabilities: tuple[str, ...]
    memory_bytes: int
    devices: tuple[Device, ...]


def get_devices() -> list[Device]:
    """Lists the BPU cores; loads the driver. Raises DriverNotFoundError."""
    info = _core.driver_info()
    kind = "bpusim" if info["kind"] == "bpusim" else "bpu"

    def device(index: int, **more: Any) -> Device:
        return Device(index, kind, info["soc"], info["dnn_version"], info["dnn_path"], **more)

    try:
        return [device(index, details=dict(load)) for index, load in enumerate(_core.core_loads())]
    except UnsupportedError:
        count = int(_number(_BPU / "core_num") or 1)
        return [
            device(
                index,
                load=_number(_BPU / f"bpu{index}" / "ratio"),
                temperature=_temperature(),
            )
            for index in range(count)
        ]


def get_host_info() -> HostInfo:
    """Describes this computer and its BPU cores; loads the driver."""
    return HostInfo(
        platform.node(),
        platform.machine(),
        f"{platform.system()} {platform.release()}",
        len(os.sched_getaffinity(0)),
        _capabilities(),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        tuple(get_devices()),
    )


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _temperature() -> float | None:
    zones = sorted(Path("/sys/class/thermal").glob("thermal_zone*"))
    value = next((_number(zone / "temp") for zone in zones if "bpu" in _text(zone / "type").lower()), None)
    return None if value is None else value / 1000


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _capabilities() -> tuple[str, ...]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return tuple(value.split())
    return ()


def stats(runtime: HB_HBMRuntime) -> dict[str, Any]:
    """Counts requests of a runtime and the load of the cores."""
    try:
        cores = [dict(load) for load in _core.core_loads()]
    except UnsupportedError:
        cores = []
    return {"models": {model: dict(counts) for model, counts in runtime._request_counts().items()}, "cores": cores}


def prometheus(runtime: HB_HBMRuntime) -> str:
    """Writes the counters in the text format of Prometheus."""
    counted = stats(runtime)
    lines = ["# HELP hbm_runtime_requests_total Requests that have ended, by model and end.",
             "# TYPE hbm_runtime_requests_total counter"]  # fmt: skip
    lines += [
        f'hbm_runtime_requests_total{{model="{_escaped(model)}",end="{end}"}} {counts[end]}'
        for model, counts in counted["models"].items()
        for end in ("done", "failed", "timed_out", "late", "cancelled")
    ]
    lines += ["# HELP hbm_runtime_device_seconds_total Time from submission to the driver's report.",
              "# TYPE hbm_runtime_device_seconds_total counter"]  # fmt: skip
    lines += [
        f'hbm_runtime_device_seconds_total{{model="{_escaped(model)}"}} {counts["device_ns"] / 1e9}'
        for model, counts in counted["models"].items()
    ]
    lines += ["# HELP hbm_runtime_core_busy_seconds_total Time that a BPU core spent in tasks.",
              "# TYPE hbm_runtime_core_busy_seconds_total counter"]  # fmt: skip
    lines += [
        f'hbm_runtime_core_busy_seconds_total{{core="{index}"}} {core["busy_ns"] / 1e9}'
        for index, core in enumerate(counted["cores"])
    ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
