"""Failures on demand, for tests of programs that use this package.

They need bpusim, the driver on the CPU. Tests for pytest have the fixture ``hbm_faults``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hbm_runtime import HbmError, _core

__all__ = ["Live", "faults", "live", "release_hanging_tasks"]

_lock = threading.Lock()
_active: list[tuple[str]] = []


@contextmanager
def faults(spec: str) -> Iterator[None]:
    """Makes the driver fail, as `spec` says, until the block ends.

    Faults are the whole process's: they reach every thread. Blocks may be nested; the rules of the inner one are added
    to those around it. Whenever a block begins or ends, the calls of the remaining rules are counted anew and tasks
    that hang go on.

    Args:
        spec: Rules in the grammar of ``BPUSIM_FAULT``, separated by ``;``. ``"hbUCPMemFlush:fail@2"``: the second
            flush fails. ``"task:delay=50ms"``: every task begins 50 ms later. ``"task:hang@1"``: the first task does
            not begin until `release_hanging_tasks` or the end of the block.

    Raises:
        InputError: The spec is wrong; no fault was changed.
        UnsupportedError: The driver in use is not bpusim.
    """
    own = (spec,)  # an object of its own: another block may have the same rules
    try:
        _begin(own)
        yield
    except _RefusedError as refused:
        raise refused.error from None
    except BaseException:
        _end(own)
        raise
    try:
        _end(own)
    except BaseException:  # Ctrl-C before it was done
        _end(own)
        raise


class _RefusedError(Exception):
    """The driver takes no such faults, and has changed none."""

    def __init__(self, error: HbmError) -> None:
        self.error = error
        super().__init__()


def _begin(rules: tuple[str]) -> None:
    with _lock:
        try:
            _core.set_faults("; ".join(each for (each,) in [*_active, rules]))
        except HbmError as error:
            raise _RefusedError(error) from None
        _active.append(rules)


def _end(rules: tuple[str]) -> None:
    with _lock:
        _active[:] = [each for each in _active if each is not rules]
        _core.set_faults("; ".join(each for (each,) in _active))


def release_hanging_tasks() -> None:
    """Lets the tasks that a ``task:hang`` rule holds begin.

    Raises:
        UnsupportedError: The driver in use is not bpusim.
    """
    _core.release_hanging_tasks()


@dataclass(frozen=True)
class Live:
    """The driver's objects that this process holds.

    Attributes:
        tasks: Task handles that were not released.
        packed_models: Loaded files, or groups of files, that were not released.
        allocations: Blocks of device memory that were not freed.
        allocated_bytes: Their size.
        allocation_calls: How often device memory was allocated since the driver was loaded. A steady loop allocates
            none.
    """

    tasks: int
    packed_models: int
    allocations: int
    allocated_bytes: int
    allocation_calls: int


def live() -> Live:
    """Counts what this process holds in the driver at this moment.

    Raises:
        UnsupportedError: The driver in use is not bpusim.
    """
    return Live(**_core.driver_live())
