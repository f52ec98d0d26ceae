"""The one writer of files: whole or not at all, and never onto what is read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ._errors import InputError

Pathish = str | os.PathLike[str]


@contextmanager
def written_file(path: Pathish, *, inputs: Iterable[Pathish] = (), private: bool = False) -> Iterator[BinaryIO]:
    """Gives a temporary file whose content is that of ``path`` when the block ends without an exception.

    An exception, Ctrl-C included, leaves an older ``path`` as it was. A regular file is replaced in one step; its links
    are followed. What is no regular file (a FIFO, a device) stays what it is and gets the content when it is complete.

    Args:
        path: The file; its folder exists.
        inputs: Files that the content is made from; ``path`` must be none of them.
        private: If True, only its owner may read it; otherwise it has an older file's permissions, or what the umask
            allows.

    Raises:
        InputError: ``path`` is one of the inputs.
        OSError: The file cannot be created or written: missing folder, no permission, no space left, a folder.
    """
    refuse_same_file(path, inputs)
    if _is_special(path):
        import shutil  # noqa: PLC0415 (as below)
        import tempfile  # noqa: PLC0415 (few write files, everybody imports this)

        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            # Neither made nor cut off: it must be there, and a FIFO waits for its reader.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "wb") as target:
                shutil.copyfileobj(file, target)
        return
    with _replaced(Path(os.path.realpath(path)), private=private) as file:
        yield file


def refuse_same_file(path: Pathish, inputs: Iterable[Pathish]) -> None:
    """Raises InputError if ``path`` is one of the inputs, in whatever spelling or through links."""
    for source in inputs:
        if _are_same(path, source):
            raise InputError(
                f"cannot write {os.fspath(path)}: it is the file {os.fspath(source)} that is read; choose another name"
            )


def writing_failure(path: Pathish, error: OSError) -> str:
    """Returns the one line that says why a file could not be written."""
    folder = Path(os.path.realpath(path)).parent
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        reason = f"no space left in {folder}; free some or choose another place"
    elif error.errno == errno.ENOENT:
        reason = f"the folder {folder} does not exist"
    elif error.errno == errno.EISDIR:
        reason = "it is a folder"
    return f"cannot write {os.fspath(path)}: {reason}"


def _are_same(path: Pathish, source: Pathish) -> bool:
    try:
        return os.path.samefile(path, source) and stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):  # one of them is not there
        return False


def _is_special(path: Pathish) -> bool:
    """Returns True for what a rename must not replace. Raises OSError for a folder."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    # /dev/stdout and its like may name a file that has no path any more.
    return not stat.S_ISREG(status.st_mode) or not os.path.exists(os.path.realpath(path))


@contextmanager
def _replaced(target: Path, *, private: bool) -> Iterator[BinaryIO]:
    temporary: str | None = None
    try:
        # Not named after the target, whose name may be as long as a name can be.
        import tempfile  # noqa: PLC0415 (few write files, everybody imports this)

        descriptor, temporary = tempfile.mkstemp(prefix=".hbm_runtime-", suffix=".part", dir=target.parent)
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
