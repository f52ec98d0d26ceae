"""Shared memory between this process and a server on the same machine.

A region is one file in /dev/shm that is registered by the protocol's system_shared_memory extension. Its name
is taken away as soon as the server has opened it, so that nothing stays behind even if this process is killed.
"""

from __future__ import annotations

import mmap
import os
import secrets
import threading
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hbm_runtime._errors import HbmError, HbmNetworkError, HbmTimeoutError, UnsupportedError
from hbm_runtime._future_errors import HbmCancelledError

from .wire import Array, Control, Placement, Transport

Mode = Literal["auto"] | bool

_FOLDER = Path("/dev/shm")
_MIN_BYTES = 1 << 16
"""Below that many bytes the body of a message is as fast."""
_MAX_REGIONS = 64
_MAX_BYTES = 1 << 30
_SECONDS = 5.0
_GOODBYE_SECONDS = 1.0
ALIGNMENT = 64


class Region:
    """One piece of shared memory that a server knows by its name."""

    def __init__(self, size: int) -> None:
        self.name = f"hbm-{secrets.token_hex(12)}"
        self.size = size
        path = _FOLDER / self.name
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            # Reserved now: a full /dev/shm would end the process at the first write into the mapping.
            os.posix_fallocate(descriptor, 0, size)
            self.memory = mmap.mmap(descriptor, size)
        except BaseException:
            self.unlink()
            raise
        finally:
            os.close(descriptor)

    def unlink(self) -> None:
        """Takes the name away; the memory stays as long as somebody has it mapped."""
        with suppress(FileNotFoundError):
            (_FOLDER / self.name).unlink()

    def bytes(self) -> NDArray[np.uint8]:
        """Returns a new array on all of it."""
        return np.frombuffer(self.memory, np.uint8)

    def write(self, offset: int, array: Array) -> Placement:
        """Copies an array into it, in C order."""
        self.view(offset, array.dtype, array.shape)[...] = array
        return Placement(self.name, offset, array.nbytes)

    def view(self, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
        """Returns an array on a part of it, which keeps it mapped."""
        return np.ndarray(shape, dtype, self.memory, offset)


class Regions:
    """The regions that one server knows. Safe to use from any thread.

    Args:
        transport: The connection to the server.
        mode: "auto" uses shared memory for large tensors if the server is on this machine and can open it; True
            always, and raises if that is impossible; False never.
    """

    def __init__(self, transport: Transport, mode: Mode) -> None:
        self._transport = transport
        self._mode = mode
        self._usable = None if mode == "auto" else mode
        self._lock = threading.Lock()
        self._registering = threading.Lock()  # so that close() misses none
        self._closed = False
        self._known: dict[str, Region] = {}
        self._free: list[Region] = []
        # Filled by garbage collection, which may come while the lock is held.
        self._returned: deque[Region] = deque()
        self._doomed: deque[Region] = deque()

    def wants(self, nbytes: int) -> bool:
        """Returns True if tensors of that many bytes should go through shared memory."""
        if self._usable is False or self._closed or nbytes == 0 or (self._mode == "auto" and nbytes < _MIN_BYTES):
            return False
        if self._usable is None and not self._transport.address.is_this_machine():
            self._usable = False
            return False
        return True

    def lease(self, nbytes: int) -> Region | None:
        """Returns a region of at least that size for one call; None if there is none to be had.

        Raises:
            UnsupportedError: Shared memory was demanded, and the server cannot use it.
        """
        size = max(_MIN_BYTES, 1 << (nbytes - 1).bit_length())
        with self._lock:
            while self._returned:
                self._take_back(self._returned.popleft())
            fitting = next((region for region in self._free if region.size == size), None)
            if fitting is not None:
                self._free.remove(fitting)
                return fitting
            count, total = len(self._known), sum(region.size for region in self._known.values())
            while self._free and (count >= _MAX_REGIONS or total + size > _MAX_BYTES):
                count, total = count - 1, total - self._free[0].size
                self._doomed.append(self._free.pop(0))
        self._unregister_doomed()
        if count >= _MAX_REGIONS or total + size > _MAX_BYTES:
            return None
        with self._registering:
            return None if self._closed else self._register(size)

    def give_back(self, region: Region) -> None:
        """Ends the use of a region; the server does not touch it any more."""
        self._returned.append(region)

    def give_back_with(self, base: Array, region: Region) -> None:
        """The same, once nobody has an array on `base` any more."""
        weakref.finalize(base, self._returned.append, region).atexit = False

    def discard(self, region: Region) -> None:
        """Ends the use of a region that the server may still read or write."""
        self._doomed.append(region)

    def has_lost(self, region: Region) -> bool:
        """Returns True if the server does not know a region: it was started anew, and has run nothing with it."""
        try:
            known = self._transport.request("regions", {}, Control.within(_SECONDS))["regions"]
        except HbmError:
            return False
        return region.name not in known

    def forget(self) -> None:
        """Drops all regions: the server is gone, or has forgotten them."""
        with self._lock:
            self._known.clear()
            self._free.clear()

    def close(self) -> None:
        """Asks the server to forget all regions. Arrays on them stay valid."""
        self._closed = True
        with self._registering, self._lock:
            names, self._known, self._free = list(self._known), {}, []
        control = Control.within(_GOODBYE_SECONDS)
        for name in names:
            with suppress(HbmError):
                self._transport.request("unregister", {"name": name}, control)

    def _register(self, size: int) -> Region | None:
        try:
            region = Region(size)
        except OSError as error:  # no /dev/shm, or it is full
            self._refused(f"/dev/shm has no {size} bytes: {error.strerror}")
            return None
        try:
            document = {"name": region.name, "key": f"/{region.name}", "offset": 0, "byte_size": size}
            self._transport.request("register", document, Control.within(_SECONDS))
        except (HbmNetworkError, HbmTimeoutError, HbmCancelledError):
            raise
        except HbmError as error:
            self._refused(str(error))
            self._usable = False
            return None
        finally:
            region.unlink()
        with self._lock:
            self._known[region.name] = region
            self._usable = True
        return region

    def _refused(self, reason: str) -> None:
        if self._mode is True:
            raise UnsupportedError(f"{self._transport.address}: shared memory cannot be used: {reason}")

    def _take_back(self, region: Region) -> None:
        if region.name in self._known:
            self._free.append(region)

    def _unregister_doomed(self) -> None:
        while self._doomed:
            region = self._doomed.popleft()
            with self._lock:
                known = self._known.pop(region.name, None)
            if known is not None:
                with suppress(HbmError):
                    self._transport.request("unregister", {"name": region.name}, Control.within(_GOODBYE_SECONDS))
