"""Mappings of memory that its owner takes away, where touching it would end the process."""

from __future__ import annotations

import mmap
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.child import run_python

from hbm_runtime import OutOfResourcesError
from hbm_runtime._core import SharedMapping
from hbm_runtime._signals import signals_blocked

PAGE = mmap.PAGESIZE
SIZE = 4 * PAGE


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """A file of some pages that are full of ones."""
    path = tmp_path / "memory"
    path.write_bytes(b"\x01" * SIZE)
    opened = os.open(path, os.O_RDWR)
    yield opened
    os.close(opened)


def _bytes(mapping: SharedMapping) -> Any:
    return np.frombuffer(mapping, np.uint8)  # type: ignore[call-overload]


@pytest.mark.parametrize(("offset", "nbytes"), [(0, SIZE), (7, 10), (PAGE, PAGE), (PAGE + 5, 2 * PAGE), (SIZE - 1, 1)])
def test_a_mapping_is_that_part_of_the_file(descriptor: int, offset: int, nbytes: int) -> None:
    os.pwrite(descriptor, b"\x05", offset)
    mapping = SharedMapping(descriptor, offset, nbytes)
    data = _bytes(mapping)
    assert (len(data), data[0], mapping.broken) == (nbytes, 5, False)
    data[-1] = 9
    assert os.pread(descriptor, 1, offset + nbytes - 1) == b"\x09"


@pytest.mark.parametrize("access", ["read", "write", "read with signals blocked"])
def test_what_is_gone_is_read_as_zeros_and_reported(descriptor: int, access: str) -> None:
    mapping, other = SharedMapping(descriptor, PAGE, 3 * PAGE), SharedMapping(descriptor, 0, PAGE)
    data = _bytes(mapping)
    os.ftruncate(descriptor, 2 * PAGE)
    assert data[0] == 1  # what is left is there yet
    assert not mapping.broken
    seen: list[int] = []

    def touch() -> None:
        if access == "write":
            data[-1] = 3
        seen.append(int(data[PAGE:].sum()))

    with signals_blocked():
        thread = threading.Thread(target=touch)
        thread.start()
    thread.join()
    assert seen == [3 if access == "write" else 0]
    assert mapping.broken
    assert not other.broken
    assert _bytes(other)[0] == 1


def test_each_mapping_is_told_of_its_own(descriptor: int) -> None:
    """Many come and go, so that they take each other's places in the list that the handler reads."""
    for turn in range(200):
        os.ftruncate(descriptor, SIZE)
        kept = [SharedMapping(descriptor, page * PAGE, PAGE) for page in range(4)]
        assert not any(mapping.broken for mapping in kept)
        gone = turn % 4
        os.ftruncate(descriptor, gone * PAGE)
        for mapping in kept:
            assert len(bytes(_bytes(mapping))) == PAGE
        assert [mapping.broken for mapping in kept] == [page >= gone for page in range(4)]


def test_arrays_keep_the_memory(descriptor: int) -> None:
    data = _bytes(SharedMapping(descriptor, 0, SIZE))
    assert data.sum() == SIZE


def test_what_cannot_be_mapped_is_an_error() -> None:
    reading, writing = os.pipe()
    with pytest.raises(OutOfResourcesError, match="cannot be mapped"):
        SharedMapping(reading, 0, PAGE)
    os.close(reading)
    os.close(writing)


_START = """
import faulthandler, mmap, os, signal, sys, tempfile
from hbm_runtime import OutOfResourcesError
from hbm_runtime._core import SharedMapping
file = tempfile.TemporaryFile()
file.truncate(mmap.PAGESIZE)
def handler():
    mapping = SharedMapping(file.fileno(), 0, mmap.PAGESIZE)
    file.truncate(0)
    assert memoryview(mapping)[0] == 0 and mapping.broken
    file.truncate(mmap.PAGESIZE)
def fault():
    plain = mmap.mmap(file.fileno(), mmap.PAGESIZE)
    file.truncate(0)
    print("touching", flush=True)
    print(plain[0])
"""


@pytest.mark.parametrize(
    ("rest", "end", "said"),
    [
        ("handler(); fault()", -signal.SIGBUS, "touching"),
        ("handler(); os.kill(os.getpid(), signal.SIGBUS); print('alive')", -signal.SIGBUS, ""),
        ("signal.signal(signal.SIGBUS, signal.SIG_IGN); handler(); fault()", -signal.SIGBUS, "touching"),
        (
            "signal.signal(signal.SIGBUS, signal.SIG_IGN); handler(); os.kill(os.getpid(), signal.SIGBUS); print('on')",
            0,
            "on",
        ),
        (
            "signal.signal(signal.SIGBUS, lambda *_: print('mine')); handler(); os.kill(os.getpid(), signal.SIGBUS)",
            0,
            "mine",
        ),
        ("faulthandler.enable(sys.stdout); handler(); fault()", -signal.SIGBUS, "Bus error"),
        ("handler(); faulthandler.enable(sys.stdout); fault()", -signal.SIGBUS, "Bus error"),
    ],
)
def test_other_bus_errors_are_what_they_were(tmp_path: Path, rest: str, end: int, said: str) -> None:
    ended = run_python(_START + rest, cwd=tmp_path, environment={"PYTHONFAULTHANDLER": None})
    assert ended.returncode == end, ended.stderr
    assert said in ended.stdout
