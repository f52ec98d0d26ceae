"""Files that commands write: complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hbm_runtime._replaced_file import replaced_file
from hbm_runtime.cli.errors import CommandError


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Gives a file that takes the place of ``path`` when the block ends well.

    Raises:
        CommandError: It cannot be written: no folder, no permission, no space left.
    """
    try:
        with replaced_file(path) as file:
            yield file
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
