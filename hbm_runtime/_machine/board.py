"""The BPU of a board, as the kernel's files show it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BPU = "sys/devices/system/bpu"
_THERMAL = "sys/class/thermal"
_MEMINFO = "proc/meminfo"
_DEVICE = "/dev/bpu"
_POOLS = {
    "CmaTotal": "CMA total",
    "CmaFree": "CMA free",
    "MemTotal": "memory total",
    "MemAvailable": "memory available",
}


@dataclass(frozen=True)
class Board:
    """The files below a root, which is ``/`` except in tests."""

    root: Path = Path("/")

    def exists(self) -> bool:
        """Returns True if the kernel knows a BPU."""
        return (self.root / _BPU).is_dir()

    def core_names(self) -> list[str]:
        """The folders of the cores."""
        return [folder.name for folder in self._core_folders()]

    def loads(self) -> list[float | None]:
        """Present load of each core, 0 to 1; None where the kernel does not report it."""
        return [_percent(folder / "ratio") for folder in self._core_folders()]

    def average_loads(self, seconds: float, frequency: float) -> list[float | None]:
        """Looks at the loads that many times a second and returns the means."""
        end = time.monotonic() + seconds
        sums = [0.0] * len(self._core_folders())
        counts = [0] * len(sums)
        while True:
            for index, load in enumerate(self.loads()):
                if load is not None:
                    sums[index] += load
                    counts[index] += 1
            rest = end - time.monotonic()
            if rest <= 0:
                break
            time.sleep(min(1 / frequency, rest))
        return [total / count if count else None for total, count in zip(sums, counts, strict=True)]

    def memory(self) -> dict[str, int]:
        """Bytes of the memory pools that the kernel reports."""
        try:
            lines = (self.root / _MEMINFO).read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        values = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
        return {title: int(values[key][0]) * 1024 for key, title in _POOLS.items() if key in values}

    def temperatures(self) -> dict[str, float]:
        """Degrees Celsius by the name of the zone."""
        found = {}
        for zone in sorted((self.root / _THERMAL).glob("thermal_zone*")):
            name, value = _text(zone / "type"), _text(zone / "temp")
            if name and value and value.lstrip("-").isdigit():
                found[name] = int(value) / 1000
        return found

    def processes(self) -> Iterator[int]:
        """Numbers of the processes that have a device file of the BPU open and may be looked into."""
        for folder in sorted((self.root / "proc").glob("[0-9]*"), key=lambda folder: int(folder.name)):
            if any(name.startswith(_DEVICE) for name in _open_files(folder)):
                yield int(folder.name)

    def _core_folders(self) -> list[Path]:
        return sorted(path for path in (self.root / _BPU).glob("bpu[0-9]*") if path.is_dir())


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def _open_files(process: Path) -> list[str]:
    try:
        return [os.readlink(entry) for entry in (process / "fd").iterdir()]
    except OSError:  # it has ended, or belongs to somebody else
        return []


def _percent(path: Path) -> float | None:
    text = _text(path)
    try:
        return min(max(float((text or "").rstrip("%")) / 100, 0.0), 1.0)
    except ValueError:
        return None
