"""How packages that only some users need get onto this machine."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

_REQUIREMENT = re.compile(r"([\w.-]+)[^;]*;.*\bextra == ['\"]([\w-]+)['\"]")
_ITSELF = "hbm_runtime"


def how_to_install(extra: str, *packages: str) -> str:
    """The command that installs what an extra of this package needs and this Python lacks.

    This package itself is on no registry, so the command names the packages, not the extra.

    Args:
        extra: Name of the extra.
        packages: The packages to name where the extra is not known, or lacks nothing.
    """
    missing = [name for name in packages_of(extra) if not _installed(name)]
    names = " ".join(missing or packages)
    if _belongs_to_the_system():
        return f"python3 -m venv --system-site-packages ~/robot && ~/robot/bin/pip install {names}"
    return f"pip install {names}"


def packages_of(extra: str) -> list[str]:
    """Distributions that an extra asks for, as the installed package declares them."""
    return [name for name, of in optional_packages() if of == extra]


def optional_packages() -> list[tuple[str, str]]:
    """Distributions that only extras need, each with its extra."""
    from importlib import metadata  # noqa: PLC0415 (a megabyte, for what is said when something is missing)

    try:
        lines = metadata.requires(_ITSELF) or []
    except metadata.PackageNotFoundError:
        return []
    declared = (_REQUIREMENT.fullmatch(line.strip()) for line in lines)
    return [(found[1], found[2]) for found in declared if found is not None and found[1] != _ITSELF]


def _installed(name: str) -> bool:
    from importlib import metadata  # noqa: PLC0415

    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _belongs_to_the_system() -> bool:
    """Returns True if this Python refuses `pip install`, as that of Debian and Ubuntu does."""
    marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    return sys.prefix == sys.base_prefix and marker.exists()
