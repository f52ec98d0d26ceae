"""Files that commands write: complete or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hbm_runtime._files import writing_failure, written_file
from hbm_runtime.cli.errors import CommandError


@contextmanager
def output_file(path: Path, inputs: Iterable[str | Path] = ()) -> Iterator[BinaryIO]:
    """Gives a file that takes the place of ``path`` when the block ends well.

    Args:
        path: The file; a FIFO or a device is written to.
        inputs: Files that the command reads, of which it must be none.

    Raises:
        CommandError: It cannot be written: no folder, no permission, no space left.
        InputError: It is one of the inputs.
    """
    try:
        with written_file(path, inputs=inputs) as file:
            yield file
    except OSError as error:
        raise CommandError(writing_failure(path, error)) from error
