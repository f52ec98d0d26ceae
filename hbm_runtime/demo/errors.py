"""What ends the demo early."""

from __future__ import annotations


class DemoError(RuntimeError):
    """The demo cannot go on; the text says what to do."""
