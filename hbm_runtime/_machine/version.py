"""Which version this is, and how it was built."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import _core


@dataclass(frozen=True)
class Version:
    """A version as numbers; `str()` gives "1.0.0".

    Attributes:
        major: Grows with incompatible changes.
        minor: Grows with additions.
        patch: Grows with corrections.
        suffix: The suffix of a pre-release, such as "rc1"; "" for a release.
        build_info: How the extension was built: compiler, language, pybind11, Python, architecture, build type.
    """

    __module__ = "hbm_runtime"

    major: int
    minor: int
    patch: int
    suffix: str
    build_info: dict[str, str]

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{self.suffix}"


def get_version() -> Version:
    """The version of this package as numbers, with build information. Loads no driver."""
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(.*)", _core.__version__)
    assert match is not None
    major, minor, patch = (int(match.group(i)) for i in (1, 2, 3))
    return Version(major, minor, patch, match.group(4), dict(_core.build_info()))
