"""Finds the compiled extension when the package is imported from its source folder.

In the repository's root, `import hbm_runtime` takes the folder of that name there, which has the Python files but no
compiled extension. The extension of an installed copy is used then; without one, the error says what to do.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import MutableSequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path


def locate_extension(package: str, search_path: MutableSequence[str], extension: str = "_core") -> None:
    """Makes `package.extension` importable, from an installed copy of the package if need be.

    Args:
        package: The name of the package that is being imported.
        search_path: Its `__path__`; the folder of the installed copy is appended where it is needed.
        extension: The name of the extension module in the package.

    Raises:
        ImportError: No copy of the extension for this Python is installed, or it belongs to another version of the
            package. An extension that is there but cannot be loaded is not this function's business: importing it
            raises the reason.
    """
    if importlib.util.find_spec(f"{package}.{extension}") is not None:
        return
    own = Path(search_path[0]).resolve()
    advice = f"run `{Path(sys.executable).name} -m pip install {own.parent}`, or import it from another folder"
    for entry in sys.path:
        installed = Path(entry or ".").resolve() / package
        if installed == own or not any((installed / f"{extension}{suffix}").is_file() for suffix in EXTENSION_SUFFIXES):
            continue
        here, there = _source_version(own.parent), _installed_version(installed)
        if here != there:
            raise ImportError(
                f"{package} is imported from its source folder {own}, which is version {here}, but the extension in "
                f"{installed} is version {there}: {advice}.",
                name=package,
            )
        search_path.append(str(installed))
        importlib.invalidate_caches()
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise ImportError(
        f"{package} is imported from its source folder {own}, which has no compiled extension, and none is installed "
        f"for Python {version} ({sys.executable}): {advice}.",
        name=package,
    )


def _source_version(root: Path) -> str | None:
    try:
        match = re.search(r'^version = "([^"]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return match.group(1) if match else None


def _installed_version(package: Path) -> str | None:
    for metadata in package.parent.glob(f"{package.name}-*.dist-info"):
        return metadata.name.removeprefix(f"{package.name}-").removesuffix(".dist-info")
    return None
