"""What is shown at one moment, from all sources."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hbm_runtime._machine.board import Board
from hbm_runtime.cli.monitoring.status_page import PROC, StatusPage, find_pages


@dataclass(frozen=True)
class CoreState:
    """One core since the last snapshot.

    Attributes:
        name: Its name, such as BPU0.
        process: The process that simulates it, or None for the board's.
        load: 0 to 1; None where it is not known.
        queued: Tasks that wait for it; None where it is not known, as for the following.
        running: True if it runs a task now.
        tasks_per_second: Tasks that ended.
        lost: True if a fault keeps it lost.
    """

    name: str
    process: int | None
    load: float | None
    queued: int | None = None
    running: bool | None = None
    tasks_per_second: float | None = None
    lost: bool = False


@dataclass(frozen=True)
class ProcessState:
    """One process that uses a BPU or bpusim.

    Attributes:
        process: Its number.
        command: Its command line.
        soc: The board that its simulator imitates, or None on a board.
        device_bytes: Device memory that it has allocated; None where it is not known, as for the next two.
        blocks: The number of its blocks.
        tasks: Live task handles.
        resident_bytes: Main memory.
    """

    process: int
    command: str
    soc: str | None
    device_bytes: int | None
    blocks: int | None
    tasks: int | None
    resident_bytes: int | None


@dataclass(frozen=True)
class Snapshot:
    """Everything at one moment."""

    cores: tuple[CoreState, ...]
    processes: tuple[ProcessState, ...]
    memory: dict[str, int] = field(default_factory=dict)
    temperatures: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The snapshot for JSON."""
        return {
            "cores": [vars(core) for core in self.cores],
            "processes": [vars(process) for process in self.processes],
            "memory": self.memory,
            "temperatures": self.temperatures,
        }


class Watcher:
    """Takes snapshots one after the other; loads are those since the one before.

    Args:
        frequency: How often a second a board's loads are looked at. Simulated cores count their time exactly.
        processes: Look into these only; None for all.
        board: Where the kernel's files are.
    """

    def __init__(self, frequency: float, processes: list[int] | None = None, board: Board | None = None) -> None:
        self._frequency = frequency
        self._processes = processes
        self._board = board or Board()
        self._before = self._pages()

    def next(self, seconds: float) -> Snapshot:
        """Waits that long and returns what happened meanwhile."""
        cores: list[CoreState] = []
        on_board = self._board.exists()
        if on_board:
            loads = self._board.average_loads(seconds, self._frequency)
            cores += [
                CoreState(name.upper(), None, load) for name, load in zip(self._board.core_names(), loads, strict=True)
            ]
        else:
            time.sleep(seconds)
        pages = self._pages()
        processes = [_process(page.process, page) for page in pages.values()]
        if on_board:
            processes += [_process(process) for process in self._board.processes() if process not in pages]
        for process, page in pages.items():
            cores += _cores(page, self._before.get(process))
        self._before = pages
        return Snapshot(
            tuple(cores), tuple(processes), self._board.memory() if on_board else {}, self._board.temperatures()
        )

    def _pages(self) -> dict[int, StatusPage]:
        return {page.process: page for page in find_pages(self._processes)}


def _cores(now: StatusPage, before: StatusPage | None) -> list[CoreState]:
    # Of a process that has just come nothing is known but what it does now.
    elapsed = now.at_ns - before.at_ns if before is not None else 0
    states = []
    for index, core in enumerate(now.cores):
        old = before.cores[index] if before is not None and index < len(before.cores) else None
        known = old is not None and elapsed > 0
        states.append(
            CoreState(
                f"BPU{index}",
                now.process,
                min(max((core.busy_ns - old.busy_ns) / elapsed, 0.0), 1.0) if old is not None and known else None,
                core.queued,
                core.running,
                max(core.finished - old.finished, 0) / elapsed * 1e9 if old is not None and known else None,
                core.lost,
            )
        )
    return states


def _process(process: int, page: StatusPage | None = None) -> ProcessState:
    return ProcessState(
        process=process,
        command=_command(process),
        soc=page.soc if page else None,
        device_bytes=page.bytes if page else None,
        blocks=page.blocks if page else None,
        tasks=page.tasks if page else None,
        resident_bytes=_resident(process),
    )


def _command(process: int) -> str:
    try:
        words = (PROC / str(process) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return " ".join(word.decode(errors="replace") for word in words if word)


def _resident(process: int) -> int | None:
    try:
        fields = Path(PROC, str(process), "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in fields:
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None
