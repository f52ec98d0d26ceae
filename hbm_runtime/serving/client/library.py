"""tritonclient and what comes with it, loaded when the first server is connected to."""

from __future__ import annotations

import importlib
from typing import Any

from ..._errors import MissingPackageError


def load(module: str) -> Any:
    """Imports a module of the extra ``remote``.

    Raises:
        MissingPackageError: It, or something that it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:  # tritonclient turns the first into the second
        raise MissingPackageError(
            f"remote models need the package {module.partition('.')[0]}: pip install 'hbm_runtime[remote]' ({error})"
        ) from error
