"""Runs a program in a child process that may end in any way, within limits of time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.02
_MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class Ended:
    """How a child process ended.

    Attributes:
        status: Its exit status; negative for the signal that ended it.
        limit: Which limit it exceeded, or empty.
        printed: Its standard output.
        complaint: Its standard error.
    """

    status: int
    limit: str
    printed: bytes
    complaint: bytes

    @property
    def signal(self) -> str:
        """Name of the signal that ended it; empty when it ended by itself or exceeded a limit."""
        return signal.Signals(-self.status).name if self.status < 0 and not self.limit else ""


def run_watched(command: Sequence[str], seconds: float) -> Ended:
    """Runs a program.

    Args:
        command: Program and arguments.
        seconds: How long it may take. Memory is limited to what the machine has left.
    """
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as child:
        try:
            limit = _wait(child, seconds)
        finally:
            if child.poll() is None:
                child.kill()
        printed, complaint = child.communicate()
    return Ended(child.returncode, limit, printed, complaint)


def _wait(child: subprocess.Popen[bytes], seconds: float) -> str:
    """Waits until the child has ended or exceeds a limit; gives the limit."""
    allowed = _memory_left()
    end = time.monotonic() + seconds
    while child.poll() is None:
        if time.monotonic() > end:
            return f"{seconds:g} seconds"
        if allowed is not None and _memory_of(child.pid) > allowed:
            return f"{allowed >> 20} MiB of memory"
        time.sleep(_POLL_SECONDS)
    return ""


def _memory_left() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kib = next((int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    return None if kib is None else int(kib * 1024 * _MEMORY_SHARE)


def _memory_of(process: int) -> int:
    """Bytes of memory that are its own: what it only maps from a file can be taken back at any time."""
    try:
        resident, shared = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
