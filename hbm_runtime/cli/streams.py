"""Standard streams that whoever started the program has closed, as services and cron jobs do."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def open_standard_streams() -> None:
    """Puts the null device in the place of closed ones, for Python and for libraries that write to the descriptors.

    Otherwise a file that the program opens would get a closed one's number, and with it what others print.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
                os.set_inheritable(descriptor, True)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (it stays open)
