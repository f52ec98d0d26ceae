"""The machine: devices and host."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import _core
from .._errors import UnsupportedError
from .board import Board

#: Where the kernel's files are; tests put a folder of their own here.
_root = Path("/")


@dataclass(frozen=True)
class Device:
    """One BPU core.

    Attributes:
        index: Its number, as in `bpu_cores`.
        kind: "bpu" on a board, "bpusim" on a CPU.
        soc: Name of the system-on-chip.
        driver_version: Version text of libdnn.
        driver_path: The libdnn in use.
        load: Fraction of the time in use, 0 to 1, as the kernel reports it; None where it does not.
        temperature: Temperature of the BPU in degrees Celsius; None where it is not reported.
        details: Further figures of the driver: busy_ns, finished_tasks, running, queued on bpusim.
    """

    __module__ = "hbm_runtime"

    index: int
    kind: str
    soc: str
    driver_version: str
    driver_path: str
    load: float | None = None
    temperature: float | None = None
    details: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class HostInfo:
    """The computer that this runs on.

    Attributes:
        name: Its network name.
        architecture: "x86_64", "aarch64".
        os: Name of the system: "Linux".
        os_release: Its release.
        cpus: Number of CPUs that this process may use.
        capabilities: Instruction sets that the processor reports ("avx2", "asimd").
        memory_bytes: Main memory.
        memory: Bytes of the memory pools that the kernel reports; the BPU's memory comes out of "CMA total".
        temperatures: Degrees Celsius by the name of the zone.
        devices: The BPU cores.
    """

    __module__ = "hbm_runtime"

    name: str
    architecture: str
    os: str
    os_release: str
    cpus: int
    capabilities: tuple[str, ...]
    memory_bytes: int
    memory: Mapping[str, int]
    temperatures: Mapping[str, float]
    devices: tuple[Device, ...]


def get_devices() -> list[Device]:
    """Lists the BPU cores; loads the driver. Raises DriverNotFoundError."""
    info = _core.driver_info()
    common = (info["soc"], info["dnn_version"], info["dnn_path"])
    try:
        return [Device(index, "bpusim", *common, details=dict(load)) for index, load in enumerate(_core.core_loads())]
    except UnsupportedError:
        pass
    board = Board(_root)
    temperature = next((value for zone, value in board.temperatures().items() if "bpu" in zone.lower()), None)
    loads = board.loads() or [None]  # a driver without kernel files, such as the vendor's simulation: one core
    return [Device(index, "bpu", *common, load, temperature) for index, load in enumerate(loads)]


def get_host_info() -> HostInfo:
    """Describes this computer and its BPU cores; loads the driver."""
    import platform  # noqa: PLC0415 (importing us must stay cheap)

    board = Board(_root)
    return HostInfo(
        platform.node(),
        platform.machine(),
        platform.system(),
        platform.release(),
        len(os.sched_getaffinity(0)),
        _capabilities(),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        board.memory(),
        board.temperatures(),
        tuple(get_devices()),
    )


def _capabilities() -> tuple[str, ...]:
    try:
        lines = (_root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return tuple(value.split())
    return ()
