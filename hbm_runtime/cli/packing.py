"""What the commands that pack models share: the packer with its errors and warnings as the program prints them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hbm_runtime.cli.errors import CommandError
from hbm_runtime.cli.output import Output

Report = Callable[[str, float], None]


class _Lines(logging.Handler):
    def __init__(self, output: Output) -> None:
        super().__init__(logging.INFO)
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        self._output.note(record.getMessage())


@contextmanager
def _reported(output: Output) -> Iterator[None]:
    """Shows what the packer says about changes that it makes on purpose."""
    logger, lines = logging.getLogger("hbm_runtime.packer"), _Lines(output)
    level = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(level)


@contextmanager
def packing(output: Output, title: str) -> Iterator[Report]:
    """Shows progress and warnings of the packer, and turns its errors into CommandError.

    Raises:
        CommandError: The packer refuses, or what it needs is not installed.
    """
    try:
        from hbm_runtime.packer import PackError, PackWarning  # noqa: PLC0415 (needs an extra)
    except ImportError as error:
        raise CommandError(str(error)) from error

    def show(message: Warning | str, category: type[Warning], *_place: object) -> None:
        if issubclass(category, PackWarning):
            output.warn(str(message))

    with warnings.catch_warnings(), _reported(output), output.progress(title) as progress:
        warnings.simplefilter("always", PackWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        try:
            yield lambda stage, part: progress.update(part, stage)
        except PackError as error:
            raise CommandError(str(error)) from error
