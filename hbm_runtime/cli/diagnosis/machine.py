"""What kind of machine this is."""

from __future__ import annotations

import os
import platform
from pathlib import Path

BPU_FOLDER = Path("/sys/devices/system/bpu")
_SOC_NAME = Path("/sys/class/boardinfo/soc_name")
_DEVICE_TREE = Path("/proc/device-tree/model")


def is_board() -> bool:
    """Returns True if the kernel knows a BPU."""
    return BPU_FOLDER.is_dir() or bpu_devices() != []


def bpu_devices() -> list[str]:
    """The device files of the BPU's cores."""
    return sorted(str(path) for path in Path("/dev").glob("bpu_core*"))


def board_name() -> str | None:
    """What the board calls itself, or None."""
    for path in (_SOC_NAME, _DEVICE_TREE):
        try:
            name = path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            continue
        if name:
            return name
    return None


def system_name() -> str:
    """Distribution, kernel and architecture."""
    try:
        distribution = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        distribution = "Linux"
    libc = " ".join(platform.libc_ver())
    return f"{distribution}, Linux {platform.release()}, {platform.machine()}, {libc}".rstrip(", ")


def cpu_count() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0))


def memory_bytes() -> int:
    """Main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
