"""Log lines of the runtime and of bpusim, through Python's logging.

Imported with the first line, or by what logs: `logging` takes longer to import than most scripts need it.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

from .. import _core
from .._errors import InputError, InputTypeError
from .._printable import printable

#: The logger of this package; ``hbm_runtime.driver`` below it carries the lines of the C++ side.
logger = logging.getLogger("hbm_runtime")
_driver_logger = logging.getLogger("hbm_runtime.driver")

_TRACE = 5
_LEVELS = {
    "trace": (_TRACE, 0),
    "debug": (logging.DEBUG, 1),
    "info": (logging.INFO, 2),
    "warning": (logging.WARNING, 3),
    "error": (logging.ERROR, 4),
    "critical": (logging.CRITICAL, 5),
    "off": (logging.CRITICAL + 10, 6),
}
_PYTHON_LEVELS = [python for python, _ in _LEVELS.values()]


class _DriverLines(logging.Handler):
    """Shows the driver's warnings in a program that has configured no handler, as `logging` does for other loggers.

    They are about environment variables. The driver's error lines are left out: each of them becomes an exception.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING and logging.lastResort is not None and not _is_configured():
            logging.lastResort.handle(record)


class _AskedFor(logging.StreamHandler[Any]):
    """Shows every line of the level that HBM_RUNTIME_LOG asks for, in a program that has configured no handler."""

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_configured():
            super().emit(record)


def _is_configured() -> bool:
    place: logging.Logger | None = _driver_logger
    while place is not None:
        if any(not isinstance(handler, (_DriverLines, _AskedFor)) for handler in place.handlers):
            return True
        place = place.parent if place.propagate else None
    return False


def set_log_level(level: str | int) -> None:
    """Sets from which level on the package logs; the default is "warning".

    Lines go to the logger ``hbm_runtime`` of Python's `logging`, so handlers and formats are the program's business.
    Without any handler warnings and errors are written to stderr, as for every logger; errors of the driver are not,
    because they become exceptions. C++ threads hand their lines to a thread of their own and never wait for Python.

    Args:
        level: "trace", "debug", "info", "warning", "error", "critical" or "off", or a number of `logging`.

    Raises:
        InputError: Another word.
        InputTypeError: Neither a word nor a number.
    """
    if isinstance(level, int):
        python = level
        core = next((number for value, number in _LEVELS.values() if value >= level), 6)
    elif not isinstance(level, str):
        raise InputTypeError(f"a log level is a word or a number, not {type(level).__name__}")
    elif level.lower() in _LEVELS:
        python, core = _LEVELS[level.lower()]
    else:
        raise InputError(f"log level {level!r} is not one of {', '.join(_LEVELS)}")
    logger.setLevel(python)
    _core.set_log_handler(handle, core)


def handle(level: int, text: str) -> None:
    """Passes on a line of the C++ side, with its level there."""
    _driver_logger.log(_PYTHON_LEVELS[level], "%s", printable(text))


def configure_from_environment() -> None:
    """Applies HBM_RUNTIME_LOG (a level) and HBM_RUNTIME_LOG_FILE (a path, appended to)."""
    path = os.environ.get("HBM_RUNTIME_LOG_FILE")
    if path:
        _add_file(path)
    level = os.environ.get("HBM_RUNTIME_LOG", "").lower() or "warning"
    set_log_level(level if level in _LEVELS else "warning")
    if level in ("trace", "debug", "info"):
        _add(_AskedFor())
    elif level not in _LEVELS:
        logger.warning("HBM_RUNTIME_LOG=%s is not one of %s; warning holds", level, ", ".join(_LEVELS))


def _add_file(path: str) -> None:
    try:
        handler = logging.FileHandler(path)
    except OSError as error:
        warnings.warn(f"HBM_RUNTIME_LOG_FILE={path} cannot be written: {error}", RuntimeWarning, stacklevel=3)
        return
    _add(handler)


def _add(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)


_driver_logger.addHandler(_DriverLines())
if logger.level == logging.NOTSET:  # else the program has set it
    set_log_level("warning")
