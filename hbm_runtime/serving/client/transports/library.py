"""tritonclient and what comes with it, loaded when the first server is connected to."""

from __future__ import annotations

import importlib
from typing import Any

from ...missing import missing_package


def load(module: str) -> Any:
    """Imports a module of the extra ``remote``.

    Raises:
        MissingPackageError: It, or something that it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:  # tritonclient turns the first into the second
        raise missing_package("remote models need", module, error) from error
