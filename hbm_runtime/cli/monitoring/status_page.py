"""The page that every process with bpusim shows to others (src/bpusim/hbucp/base/status_page.hpp).

It is a memory file that the process keeps open, so it is found among the process's open files and vanishes with it.
Only processes of the same user can be looked into.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_LINK = "/memfd:bpusim-status"
_MAGIC = b"BPUSTAT1"
_HEAD = struct.Struct("<8sii64sqqqqQ")
_CORE = struct.Struct("<qqqii")
_MAX_CORES = 4
_SIZE = _HEAD.size + _MAX_CORES * _CORE.size
_ATTEMPTS = 20


@dataclass(frozen=True)
class CorePage:
    """One core of a process's simulator.

    Attributes:
        busy_ns: Time in tasks until now.
        running: True if a task runs now.
        finished: Tasks that have ended.
        queued: Tasks that wait and may run here.
        lost: True if a fault keeps it lost.
    """

    busy_ns: int
    running: bool
    finished: int
    queued: int
    lost: bool


@dataclass(frozen=True)
class StatusPage:
    """What one process shows.

    Attributes:
        process: Its number.
        soc: The board that its simulator imitates.
        at_ns: When it was read, on the monotonic clock.
        tasks: Live task handles.
        blocks: Blocks of device memory.
        bytes: Their sizes.
        cores: Its simulated cores.
    """

    process: int
    soc: str
    at_ns: int
    tasks: int
    blocks: int
    bytes: int
    cores: tuple[CorePage, ...]


def find_pages(processes: list[int] | None = None) -> Iterator[StatusPage]:
    """Yields what processes show that use bpusim, in order of their numbers.

    Args:
        processes: Only these; None for all that this user may look into.
    """
    if processes is None:
        processes = sorted(int(entry) for entry in os.listdir(PROC) if entry.isdigit())
    for process in processes:
        page = read_page(process)
        if page is not None:
            yield page


def read_page(process: int) -> StatusPage | None:
    """Reads what a process shows; None when it has no bpusim, is gone or belongs to somebody else."""
    try:
        for path in (PROC / str(process) / "fd").iterdir():
            if os.readlink(path).startswith(_LINK):
                page = _read(path)
                # A child inherits the file of a parent that was forked; the page is the parent's.
                return page if page is not None and page.process == process else None
    except OSError:
        pass
    return None


def _read(path: Path) -> StatusPage | None:
    with path.open("rb", buffering=0) as file:
        for _ in range(_ATTEMPTS):
            first, second = os.pread(file.fileno(), _SIZE, 0), os.pread(file.fileno(), _SIZE, 0)
            # Two equal readings with an even sequence: nothing was being written.
            if len(first) == _SIZE and first == second and _HEAD.unpack_from(first)[-1] % 2 == 0:
                return _decode(first)
        return _decode(second) if len(second) == _SIZE else None


def _decode(data: bytes) -> StatusPage | None:
    magic, process, core_count, soc, _made, tasks, blocks, size, _sequence = _HEAD.unpack_from(data)
    if magic != _MAGIC or not 0 < core_count <= _MAX_CORES:
        return None
    now = time.monotonic_ns()
    cores = []
    for index in range(core_count):
        busy, since, finished, queued, lost = _CORE.unpack_from(data, _HEAD.size + index * _CORE.size)
        running = since != 0
        cores.append(CorePage(busy + max(now - since, 0) if running else busy, running, finished, queued, bool(lost)))
    return StatusPage(process, soc.rstrip(b"\0").decode(errors="replace"), now, tasks, blocks, size, tuple(cores))
