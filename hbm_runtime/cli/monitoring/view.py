"""Snapshots as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hbm_runtime.cli.monitoring.snapshot import CoreState, ProcessState, Snapshot
from hbm_runtime.cli.tables import Column, Facts, Table, byte_text

T = TypeVar("T")

_BAR = 20
_COMMAND = 60


def tables(snapshot: Snapshot, shown: set[str], *, verbose: bool) -> list[Table | Facts]:
    """Makes the tables of a snapshot.

    Args:
        snapshot: What is shown.
        shown: "bpu", "memory", or both.
        verbose: More columns.
    """
    made: list[Table | Facts] = []
    if "bpu" in shown:
        made.append(_cores(snapshot.cores, verbose=verbose))
    if "memory" in shown:
        made.append(_processes(snapshot.processes, verbose=verbose))
        if snapshot.memory:
            facts = Facts("Memory")
            for name, size in snapshot.memory.items():
                facts.add(name, byte_text(size))
            made.append(facts)
    if verbose and snapshot.temperatures:
        facts = Facts("Temperatures")
        for name, degrees in snapshot.temperatures.items():
            facts.add(name, f"{degrees:.1f} C")
        made.append(facts)
    return made


def _cores(cores: tuple[CoreState, ...], *, verbose: bool) -> Table:
    columns = [
        Column("core", strong=True),
        Column("process", right=True),
        Column("load", right=True),
        Column("", right=False),
        Column("queue", right=True),
    ]
    if verbose:
        columns += [Column("tasks/s", right=True), Column("state")]
    table = Table("BPU", columns)
    for core in cores:
        row = [
            core.name,
            "" if core.process is None else str(core.process),
            _known(core.load, lambda load: f"{load:.1%}"),
            "#" * round((core.load or 0) * _BAR) + "." * (_BAR - round((core.load or 0) * _BAR)),
            _known(core.queued, str),
        ]
        if verbose:
            state = "lost" if core.lost else {True: "running", False: "idle", None: "-"}[core.running]
            row += [_known(core.tasks_per_second, lambda rate: f"{rate:.1f}"), state]
        table.add(*row)
    if not cores:
        table.add("-", "", "", "no process uses bpusim", *[""] * (3 if verbose else 1))
    return table


def _processes(processes: tuple[ProcessState, ...], *, verbose: bool) -> Table:
    columns = [Column("process", right=True), Column("device memory", right=True), Column("resident", right=True)]
    if verbose:
        columns += [Column("blocks", right=True), Column("tasks", right=True), Column("SoC")]
    table = Table("Processes", [*columns, Column("command", strong=True)])
    for of in processes:
        row = [str(of.process), _known(of.device_bytes, byte_text), _known(of.resident_bytes, byte_text)]
        if verbose:
            row += [_known(of.blocks, str), _known(of.tasks, str), of.soc or "-"]
        table.add(*row, of.command if verbose else of.command[:_COMMAND])
    return table


def _known(value: T | None, text: Callable[[T], str]) -> str:
    return "-" if value is None else text(value)
