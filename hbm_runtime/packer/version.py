"""The version that packed files carry."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Version of the installed package; empty when it is not installed."""
    try:
        return metadata.version("hbm_runtime")
    except metadata.PackageNotFoundError:
        return ""


def producer() -> str:
    """What host files say wrote them."""
    return f"hbm_runtime {version()}".strip()
