"""What is said when a package of the extra ``remote`` is not installed."""

from __future__ import annotations

from .._errors import MissingPackageError
from .._installing import how_to_install

_OF_OTHER_NAMES = {"grpc": "grpcio", "google": "protobuf"}
"""Distributions that are called otherwise than the package in them."""


def missing_package(purpose: str, module: str, error: Exception) -> MissingPackageError:
    """Makes the error for a module that cannot be imported, with the command that installs it.

    Args:
        purpose: Who needs it, such as ``"serving needs"``.
        module: The module.
        error: Why it cannot be imported.
    """
    package = module.partition(".")[0]
    advice = how_to_install("remote", _OF_OTHER_NAMES.get(package, package))
    return MissingPackageError(f"{purpose} the package {package}: {advice} ({error})")
