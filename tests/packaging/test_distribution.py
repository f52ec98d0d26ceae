"""What is handed out: the source distribution has all that a build needs; binaries are small and tell no paths."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import hbm_runtime._core

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(hbm_runtime.__file__).parent
BINARIES = [Path(hbm_runtime._core.__file__), *sorted(Path(hbm_runtime._core.__file__).parent.glob("bpusim/*.so"))]


PRODUCTS = ("build/native/a.o", "dist/a.whl", ".venv/lib/a.py", "demo-output/a.png", "hbm_runtime/__pycache__/a.pyc")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a source distribution by their path below its root, made where products lie about."""
    folder, tree = tmp_path_factory.mktemp("sdist"), tmp_path_factory.mktemp("tree") / "tree"
    folders = sorted({product.split("/")[0] for product in PRODUCTS} - {"hbm_runtime"})
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*folders, ".git", ".*_cache", "__pycache__"))
    for product in PRODUCTS:
        (tree / product).parent.mkdir(parents=True, exist_ok=True)
        (tree / product).touch()
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=tree, capture_output=True, timeout=120)
    files: dict[str, bytes] = {}
    with tarfile.open(next(folder.glob("*.tar.gz"))) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            if content is not None:
                files["/".join(PurePosixPath(member.name).parts[1:])] = content.read()
    return files


def test_the_source_distribution_has_what_a_build_needs(archive: dict[str, bytes]) -> None:
    needed = {
        "CMakeLists.txt",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "hbm_runtime/py.typed",
        "hbm_runtime/_core.pyi",
    }
    assert needed <= archive.keys()
    tracked = [path for folder in ("src", "cmake", "hbm_runtime") for path in (ROOT / folder).rglob("*")]
    files = {str(path.relative_to(ROOT)) for path in tracked if path.is_file() and "__pycache__" not in path.parts}
    assert len(files) > 100
    assert sorted(files - archive.keys()) == []


def test_the_source_distribution_has_no_products(archive: dict[str, bytes]) -> None:
    assert not archive.keys() & set(PRODUCTS)
    assert [name for name in archive if name.endswith((".so", ".o", ".pyc", ".whl"))] == []


def test_the_source_distribution_names_no_folder_of_this_machine(archive: dict[str, bytes]) -> None:
    assert [name for name, content in archive.items() if f"{ROOT}/".encode() in content] == []


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name.split(".")[0])
def test_binaries_name_no_folder_of_this_machine(binary: Path) -> None:
    assert f"{ROOT}/".encode() not in binary.read_bytes()


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name.split(".")[0])
def test_binaries_are_stripped(binary: Path) -> None:
    sections = subprocess.run(["readelf", "-SW", binary], check=True, capture_output=True, text=True).stdout
    assert ".dynsym" in sections
    assert not re.search(r"\.(symtab|debug_\w+)\b", sections)


@pytest.mark.no_sanitizer
def test_the_wheel_is_small() -> None:
    assert len(BINARIES) == 3
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (*BINARIES, *PACKAGE.rglob("*.py*")):
            archive.write(path)
    assert packed.tell() < 4 * 2**20  # about 0.7 MiB; the bound catches an engine or debug symbols that slip in
