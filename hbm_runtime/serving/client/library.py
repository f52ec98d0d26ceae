"""tritonclient and what comes with it, loaded when the first server is connected to."""

from __future__ import annotations

import importlib
from typing import Any

from ..._errors import MissingPackageError
from ..._installing import how_to_install


_OF_OTHER_NAMES = {"grpc": "grpcio", "google": "protobuf"}
"""Distributions that are called otherwise than the package in them."""


def load(module: str) -> Any:
    """Imports a module of the extra ``remote``.

    Raises:
        MissingPackageError: It, or something that it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:  # tritonclient turns the first into the second
        package = module.partition(".")[0]
        raise MissingPackageError(
            f"remote models need the package {package}: {how_to_install('remote', _OF_OTHER_NAMES.get(package, package))} ({error})"
        ) from error
