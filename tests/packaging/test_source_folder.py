"""Importing from the repository's root, where the package's folder has no compiled extension."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "hbm_runtime" / "_bootstrap.py"
INIT = """
from sample._bootstrap import locate_extension
locate_extension("sample", __path__, "_queue")
from sample import _queue
"""
# An extension module of the standard library that is a file of its own serves as the compiled part of a package. Which
# are differs between distributions; this one is in Debian's, too.
EXTENSION = next((path for entry in sys.path for path in Path(entry or ".").glob("_queue*.so")), None)
pytestmark = pytest.mark.skipif(EXTENSION is None, reason="this Python has its standard library compiled in")


def make_package(parent: Path, *, compiled: bool) -> Path:
    folder = parent / "sample"
    folder.mkdir(parents=True)
    shutil.copy(BOOTSTRAP, folder)
    (folder / "__init__.py").write_text(INIT)
    if compiled:
        assert EXTENSION is not None
        shutil.copy(EXTENSION, folder / f"_queue{EXTENSION_SUFFIXES[0]}")
    return folder


def run(root: Path, site: Path, expression: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.append({str(site)!r}); import sample; print({expression})"
    return subprocess.run(
        [sys.executable, "-S", "-c", code], check=False, cwd=root, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    make_package(folder, compiled=False)
    (folder / "pyproject.toml").write_text('[project]\nname = "sample"\nversion = "1.2.3"\n')
    return folder


def install(site: Path, version: str) -> None:
    make_package(site, compiled=True)
    (site / f"sample-{version}.dist-info").mkdir()


def test_the_installed_extension_serves_the_source_folder(root: Path, tmp_path: Path) -> None:
    install(tmp_path / "site", "1.2.3")
    result = run(root, tmp_path / "site", "sample.__file__, sample._queue.__file__")
    assert result.returncode == 0, result.stderr
    assert str(root) in result.stdout
    assert str(tmp_path / "site") in result.stdout


def test_without_an_installed_extension_one_sentence_says_what_to_do(root: Path, tmp_path: Path) -> None:
    result = run(root, tmp_path, "0")
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: sample is imported from its source folder")
    assert f"pip install {root}" in last


def test_an_extension_of_another_version_is_refused(root: Path, tmp_path: Path) -> None:
    install(tmp_path / "site", "1.2.2")
    last = run(root, tmp_path / "site", "0").stderr.strip().splitlines()[-1]
    assert "version 1.2.3" in last
    assert "version 1.2.2" in last


def test_an_extension_beside_the_package_is_used_as_it_is(tmp_path: Path) -> None:
    make_package(tmp_path, compiled=True)
    result = run(tmp_path, tmp_path / "nowhere", "sample.__path__")
    assert result.stdout.strip() == repr([str(tmp_path / "sample")]), result.stderr


def test_an_extension_that_cannot_be_loaded_gives_its_own_reason(root: Path) -> None:
    (root / "sample" / f"_queue{EXTENSION_SUFFIXES[0]}").write_bytes(b"not an ELF file")
    last = run(root, root, "0").stderr.strip().splitlines()[-1]
    assert "source folder" not in last
    assert "_queue" in last
