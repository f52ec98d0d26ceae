"""The version is written once, in pyproject.toml; everything else is made from it or must agree with it."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import hbm_runtime

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "build" / "native"


def found(pattern: str, path: Path) -> str:
    """Returns what the first group of a pattern finds in a file."""
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None, f"{path} has nothing like {pattern}"
    return match.group(1)


VERSION = found(r'^version = "([^"]+)"', ROOT / "pyproject.toml")


def test_it_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


def test_the_module_has_it() -> None:
    assert hbm_runtime.__version__ == VERSION


def test_the_installed_distribution_has_it() -> None:
    assert importlib.metadata.version("hbm_runtime") == VERSION


@pytest.mark.no_sanitizer
def test_bpusim_has_it() -> None:
    code = "from hbm_runtime import HB_HBMRuntime; print(HB_HBMRuntime.version)"
    environment = {"HBM_RUNTIME_DRIVER": "bpusim", "PATH": "/usr/bin"}
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert f"(bpusim {VERSION})" in result.stdout


@pytest.mark.skipif(not NATIVE.is_dir(), reason="needs build/native: ./build.sh test makes it")
@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("CMakeCache.txt", r"^CMAKE_PROJECT_VERSION:STATIC=(.+)$"),
        ("src/sdk/hbm-runtime.pc", r"^Version: (.+)$"),
        ("src/sdk/hbm_runtimeConfigVersion.cmake", r'^set\(PACKAGE_VERSION "([^"]+)"\)'),
        ("src/sdk/include/hbm_runtime/version.hpp", r'HBM_RUNTIME_VERSION "([^"]+)"'),
    ],
)
def test_the_cpp_library_has_it(file: str, pattern: str) -> None:
    assert found(pattern, NATIVE / file) == VERSION


@pytest.mark.skipif(not NATIVE.is_dir(), reason="needs build/native: ./build.sh test makes it")
def test_the_cpp_library_has_it_in_its_file_name() -> None:
    assert (NATIVE / "src" / "sdk" / f"libhbm_runtime.so.{VERSION}").is_file()


def test_the_changelogs_begin_with_it() -> None:
    # What is not released yet may stand before it.
    assert found(r"^## (?!Unreleased)(\S+)", ROOT / "CHANGELOG.md") == VERSION


@pytest.mark.skipif(not (ROOT / "debian").is_dir(), reason="the source distribution has no debian folder")
def test_the_debian_version_is_it_behind_an_epoch() -> None:
    assert found(r"^hobot-dnn \(([^)]+)\)", ROOT / "debian" / "changelog") == f"1:{VERSION}"


def test_the_documentation_is_made_with_it() -> None:
    tags = SimpleNamespace(has=lambda _tag: False)  # Sphinx gives it
    names: dict[str, object] = {"__file__": str(ROOT / "docs" / "conf.py"), "tags": tags}
    exec((ROOT / "docs" / "conf.py").read_text(encoding="utf-8"), names)
    assert names["release"] == VERSION
