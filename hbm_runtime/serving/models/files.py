"""Model files of a folder, by the name under which clients can ask for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".hbm", ".onnx")
MODEL_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,64}")
"""Names that may become a folder's name."""


@dataclass(frozen=True)
class ModelFile:
    """One model file.

    Attributes:
        path: Where it lies.
        name: The name that the folder gives it: the file's stem, or in Triton's layout the folder's name.
        names_model: True if that name, and not the one inside, is the model's.
    """

    path: Path
    name: str
    names_model: bool = False


def files_in(folder: Path) -> list[ModelFile]:
    """Lists the model files of a folder: ``NAME.hbm``, ``NAME.onnx``, and Triton's ``NAME/1/model.hbm``.

    Raises:
        OSError: The folder cannot be read.
    """
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.suffix in SUFFIXES and entry.is_file():
            found.append(ModelFile(entry, entry.stem))
        elif entry.is_dir():
            newest = _newest_version(entry)
            if newest is not None:
                found.append(ModelFile(newest, entry.name, names_model=True))
    return found


def _newest_version(folder: Path) -> Path | None:
    versions = [child for child in folder.iterdir() if child.name.isdecimal()]
    for version in sorted(versions, key=lambda child: int(child.name), reverse=True):
        for suffix in SUFFIXES:
            path = version / f"model{suffix}"
            if path.is_file():
                return path
    return None
