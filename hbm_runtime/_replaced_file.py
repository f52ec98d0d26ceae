"""Writing a file so that its name never stands for half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replaced_file(path: str | os.PathLike[str], *, private: bool = False) -> Iterator[BinaryIO]:
    """Gives a temporary file beside ``path`` that takes its place when the block ends without an exception.

    An exception, Ctrl-C included, removes the temporary file and leaves an older ``path`` as it was.

    Args:
        path: The file; its folder exists.
        private: Whether only its owner may read it; otherwise an older file's permissions, or what the umask allows.

    Raises:
        OSError: The file cannot be created or written: missing folder, no permission, no space left.
    """
    target = Path(os.path.realpath(path))
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            if not private:
                os.fchmod(file.fileno(), _mode(target))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        temporary = None
        _sync_folder(target.parent)
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def _mode(target: Path) -> int:
    """Permissions of the file that is replaced, else what the umask allows."""
    with suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    # The rename itself survives a power cut only when the folder is on disk too. Not every file system can do that.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
