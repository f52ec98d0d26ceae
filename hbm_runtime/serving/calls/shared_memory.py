"""POSIX shared memory that clients of the same machine register."""

from __future__ import annotations

import os
import re
import stat
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime import InputError
from hbm_runtime._core import SharedMapping

from ..failures import Kind, RefusedError
from .call import RegionSlice

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FOLDER = "/dev/shm"
_LARGEST = 2**62


@dataclass(frozen=True)
class Region:
    """One registered region.

    Attributes:
        name: The name that requests use.
        key: Name of the shared memory object.
        offset: Where the region begins in the object.
        nbytes: Its length.
        descriptor: The open object.
        mapping: The region's memory.
    """

    name: str
    key: str
    offset: int
    nbytes: int
    descriptor: int
    mapping: SharedMapping


@dataclass(frozen=True)
class Part:
    """The bytes of a part of a region, which are the client's memory and not a copy.

    Attributes:
        data: The bytes. They stay mapped as long as they are held.
        region: Name of the region.
        mapping: The region's memory.
    """

    data: memoryview
    region: str
    mapping: SharedMapping

    def check(self) -> None:
        """Checks that the bytes were there whenever they were used. Raises InputError if the object was shrunk."""
        if self.mapping.broken:
            raise _shrunk(self.region)


class SharedMemory:
    """The registered regions of a server. Safe to use from any thread.

    Whoever owns an object can shrink it at any time, and touching a mapping of memory that is gone ends the process
    that does, unless it is a `SharedMapping`. Such a region is of no more use; the client registers it anew.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._regions: dict[str, Region] = {}

    def register(self, name: str, key: str, offset: int, nbytes: int) -> None:
        """Opens a shared memory object and gives a part of it a name.

        Raises:
            InputError: Wrong name, key, offset or size; no such object; it is smaller than that.
            RefusedError: The name is taken, or there are too many regions.
        """
        if not _NAME.fullmatch(name):
            raise InputError(f"{name[:80]!r} is no name for a region; use 1 to 64 of the characters A-Z a-z 0-9 _ . -")
        object_name = key.removeprefix("/")
        if not _NAME.fullmatch(object_name) or object_name in (".", ".."):
            raise InputError(f"{key[:80]!r} is no key of a shared memory object that can be registered")
        if not (0 <= offset < _LARGEST and 0 < nbytes < _LARGEST):
            raise InputError(f"region '{name}': offset {offset} and size {nbytes} are out of range")
        descriptor = self._open(name, object_name)
        try:
            _check_size(name, descriptor, offset, nbytes)
            with self._lock:
                if name in self._regions:
                    raise RefusedError(Kind.CONFLICT, f"region '{name}' is registered already; unregister it first")
                if len(self._regions) >= self._limit:
                    raise RefusedError(Kind.TOO_MANY, f"{self._limit} regions are registered, which is the limit")
                mapping = SharedMapping(descriptor, offset, nbytes)
                self._regions[name] = Region(name, key, offset, nbytes, descriptor, mapping)
        except BaseException:
            os.close(descriptor)
            raise

    def unregister(self, name: str) -> None:
        """Forgets a region, or all if the name is empty. Unknown names are fine."""
        with self._lock:
            names = [name] if name else list(self._regions)
            for each in names:
                region = self._regions.pop(each, None)
                if region is not None:
                    os.close(region.descriptor)

    def regions(self, name: str = "") -> list[Region]:
        """Lists all regions, or the one of that name.

        Raises:
            RefusedError: No region has that name.
        """
        with self._lock:
            if name and name not in self._regions:
                raise _unknown(name)
            return [self._regions[name]] if name else list(self._regions.values())

    def check(self, part: RegionSlice) -> None:
        """Checks that a part lies inside its region and that the object still has it.

        Raises:
            InputError: It does not.
            RefusedError: No such region.
        """
        with self._lock:
            self._checked(part)

    def part(self, part: RegionSlice) -> Part:
        """Returns the bytes of a part, without a copy.

        Raises:
            InputError: It lies outside its region, or the object was shrunk.
            RefusedError: No such region.
        """
        with self._lock:
            region = self._checked(part)
            data = memoryview(region.mapping)[part.offset : part.offset + part.nbytes]  # type: ignore[arg-type]
            return Part(data, region.name, region.mapping)

    def write(self, part: RegionSlice, array: NDArray[Any]) -> int:
        """Writes an array's elements to the beginning of a part; returns the number of bytes.

        Raises:
            InputError: It lies outside its region, is smaller than the array, or the object was shrunk.
            RefusedError: No such region.
        """
        if array.nbytes > part.nbytes:
            raise InputError(
                f"region '{part.region}': {array.nbytes} bytes of output do not fit into the {part.nbytes} given for it"
            )
        memory = self.part(part)
        if array.nbytes:
            np.ndarray(array.shape, array.dtype, memory.data)[...] = array
        memory.check()
        return int(array.nbytes)

    def _checked(self, part: RegionSlice) -> Region:
        """The part's region. The lock is held."""
        region = self._regions.get(part.region)
        if region is None:
            raise _unknown(part.region)
        if part.offset < 0 or part.nbytes < 0 or part.offset + part.nbytes > region.nbytes:
            raise InputError(
                f"region '{region.name}' has {region.nbytes} bytes; {part.nbytes} from offset {part.offset} lie outside"
            )
        _check_size(region.name, region.descriptor, region.offset, region.nbytes)
        if region.mapping.broken:
            raise _shrunk(region.name)
        return region

    def _open(self, name: str, object_name: str) -> int:
        try:
            descriptor = os.open(f"{_FOLDER}/{object_name}", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise InputError(f"region '{name}': the shared memory object cannot be opened: {error.strerror}") from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InputError(f"region '{name}': the key does not name a shared memory object")
        return descriptor


def _check_size(name: str, descriptor: int, offset: int, nbytes: int) -> None:
    if os.fstat(descriptor).st_size < offset + nbytes:
        raise _shrunk(name)


def _shrunk(name: str) -> InputError:
    return InputError(f"region '{name}': the shared memory object is smaller than the region")


def _unknown(name: str) -> RefusedError:
    return RefusedError(Kind.NOT_FOUND, f"no shared memory region is named {name[:80]!r}", reported_class="InputError")
