"""Gives a wheel its manylinux tag and checks that nothing else about it has changed."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

NEWEST_GLIBC = (2, 35)  # the boards'
# Drivers and the engine come from elsewhere; the bpusim libraries are opened by path and keep their names.
_NOT_BUNDLED = ["libhbucp.so", "libdnn.so", "libonnxruntime.so*"]


class RepairError(Exception):
    """The wheel cannot be shipped; the text says why."""


def repair(wheel: Path, destination: Path) -> Path:
    """Returns the repaired wheel in the destination folder; an older one for the same Python is replaced."""
    command = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(destination)]
    for name in _NOT_BUNDLED:
        command += ["--exclude", name]
    before = set(destination.glob("*.whl"))
    result = subprocess.run([*command, str(wheel)], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise RepairError(f"auditwheel refuses {wheel.name}:\n{result.stdout}{result.stderr}")
    named = re.search(r"Fixed-up wheel written to (.+\.whl)", result.stdout + result.stderr)
    made = Path(named.group(1)) if named else next(iter(set(destination.glob("*.whl")) - before))
    _check_tag(made)
    _check_content(wheel, made)
    return made


def _check_tag(wheel: Path) -> None:
    tags = re.findall(r"manylinux_(\d+)_(\d+)_", wheel.name)
    if not tags:
        raise RepairError(f"{wheel.name} has no manylinux tag")
    oldest = min((int(major), int(minor)) for major, minor in tags)
    if oldest > NEWEST_GLIBC:
        raise RepairError(f"{wheel.name} needs glibc {oldest}, boards have {NEWEST_GLIBC}")


def _check_content(built: Path, repaired: Path) -> None:
    """The libraries must be the built ones, byte for byte, and no other may have come in."""
    before, after = _libraries(built), _libraries(repaired)
    if before != after:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        raise RepairError(f"{repaired.name}: auditwheel changed, added or removed {', '.join(changed)}")
    names = {Path(name).name for name in after}
    if not {"libhbucp.so", "libdnn.so"} <= names or not any(name.startswith("_core.") for name in names):
        raise RepairError(f"{repaired.name}: incomplete, it has only {sorted(names)}")


def _libraries(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if ".so" in Path(name).suffixes
        }
