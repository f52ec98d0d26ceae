"""Finds the CPythons of this machine that a wheel can be built for."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NAMES = ["python3", *(f"python3.{minor}{suffix}" for minor in range(10, 16) for suffix in ("", "t"))]
_FOLDERS = ["~/.pyenv/versions/*/bin", "/opt/python/*/bin", "/usr/local/bin", "/usr/bin"]
_PROBE = """
import json, os, sys, sysconfig
tag = "cp%d%d" % sys.version_info[:2]
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:2]),
    "tag": tag + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""),
    "executable": sys.executable,
    "headers": os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython with headers."""

    executable: str
    version: tuple[int, int]
    tag: str

    @property
    def free_threaded(self) -> bool:
        """True if it runs without the global interpreter lock."""
        return self.tag.endswith("t")


def find() -> list[Interpreter]:
    """Returns one interpreter per kind of CPython from 3.10 on, oldest first; the PATH wins over other folders."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    for pattern in _FOLDERS:
        expanded = Path(pattern).expanduser()
        folders += sorted(Path(expanded.anchor).glob(str(expanded.relative_to(expanded.anchor))))
    found: dict[str, Interpreter] = {}
    for folder in folders:
        for name in _NAMES:
            candidate = folder / name
            if candidate.is_file() and os.access(candidate, os.X_OK):
                interpreter = _probe(candidate)
                if interpreter is not None:
                    found.setdefault(interpreter.tag, interpreter)
    return sorted(found.values(), key=lambda interpreter: (interpreter.version, interpreter.tag))


def _probe(candidate: Path) -> Interpreter | None:
    try:
        result = subprocess.run(
            [str(candidate), "-I", "-c", _PROBE], check=True, capture_output=True, text=True, timeout=60
        )
        facts = json.loads(result.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None  # a shim without an interpreter behind it, or one that is too old for the probe
    version = (int(facts["version"][0]), int(facts["version"][1]))
    if facts["implementation"] != "cpython" or version < (3, 10) or not facts["headers"]:
        return None
    return Interpreter(facts["executable"], version, facts["tag"])
