"""Every test here leaves nothing behind in the driver."""

from __future__ import annotations

from support.live import nothing_leaks

__all__ = ["nothing_leaks"]
