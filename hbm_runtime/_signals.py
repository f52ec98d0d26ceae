"""Threads that the package starts take no signals: those are for the program's own threads, which may wait for them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_OF_OWN_MISTAKES = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS", "SIGABRT"}
_BLOCKED = frozenset(number for number in signal.valid_signals() if getattr(number, "name", "") not in _OF_OWN_MISTAKES)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Threads that are started meanwhile, also by libraries, block all signals but those of their own mistakes."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)  # a handler that is due may raise here
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
