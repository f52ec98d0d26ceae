"""Writing a packed file so that its name never stands for half of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hbm_runtime._replaced_file import replaced_file
from hbm_runtime.packer.errors import PackError


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Gives a temporary file beside ``path`` that takes its place when the block ends without an exception.

    An exception, Ctrl-C included, removes the temporary file and leaves an older ``path`` as it was.

    Raises:
        PackError: The file cannot be created or written: missing folder, no permission, no space left.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise PackError(f"cannot write {path}: it is a folder")
    try:
        with replaced_file(target) as file:
            yield file
    except OSError as error:
        raise PackError(f"cannot write {path}: {_reason(error, target.parent)}") from error


def _reason(error: OSError, folder: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"no space left in {folder}; free some or choose another place"
    if error.errno == errno.ENOENT:
        return f"the folder {folder} does not exist"
    return os.strerror(error.errno) if error.errno else str(error)
