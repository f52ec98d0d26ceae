"""Component installs: `cmake --install build --component python | sdk | bpusim`."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
from support.build_tools import engine, run
from support.driver_files import LIBRARIES

import hbm_runtime._core

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "native"
SMOKE = ROOT / "tests" / "packaging" / "smoke.py"

pytestmark = pytest.mark.no_sanitizer


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(not (BUILD / "src" / "sdk").is_dir(), reason="needs build/native: ./build.sh test makes it")
def test_components_do_not_mix(tmp_path: Path) -> None:
    for component in ("sdk", "bpusim"):
        run("cmake", "--install", BUILD, "--prefix", tmp_path / component, "--component", component)
    sdk, bpusim = files(tmp_path / "sdk"), files(tmp_path / "bpusim")
    assert sdk
    assert not sdk & bpusim
    assert not any("bpusim" in name or name.endswith(("libdnn.so", "libhbucp.so")) for name in sdk)
    assert {Path(name).name for name in bpusim} >= {"libdnn.so", "libhbucp.so"}
    assert all("/bpusim/" in name for name in bpusim)


def test_the_component_python_is_a_package_that_works_wherever_it_lies(tmp_path: Path) -> None:
    """Installing only copies, so the binaries of the package under test stand for newly built ones."""
    build = tmp_path / "build"
    settings = ["-DHBM_BUILD_SDK=OFF", "-DHBM_BUILD_TESTING=OFF", f"-DPython_EXECUTABLE={sys.executable}"]
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", *settings)
    extension = Path(hbm_runtime._core.__file__)
    shutil.copy(extension, build / "src" / "bindings")
    (build / "bpusim").mkdir(exist_ok=True)
    for library in LIBRARIES.values():
        shutil.copy(library, build / "bpusim")
    run("cmake", "--install", build, "--prefix", tmp_path / "first", "--component", "python")
    moved = (tmp_path / "first").rename(tmp_path / "moved")

    site = next(moved.rglob("hbm_runtime")).parent
    assert site == moved / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    names = files(site)
    assert {"hbm_runtime/py.typed", "hbm_runtime/_core.pyi", "hbm_runtime/cli/program.py"} <= names
    assert {f"hbm_runtime/{extension.name}", "hbm_runtime/bpusim/libdnn.so", "hbm_runtime/bpusim/libhbucp.so"} <= names
    assert [name for name in names if "__pycache__" in name or not name.startswith("hbm_runtime/")] == []

    numpy = importlib.util.find_spec("numpy")
    assert numpy is not None
    assert numpy.submodule_search_locations is not None
    others = Path(numpy.submodule_search_locations[0]).parent
    # -S keeps the editable install, which comes by way of site, out of it.
    start = f"import sys, runpy; sys.path[:0] = [{str(site)!r}]; sys.path.append({str(others)!r})"
    code = f"{start}; sys.argv = ['smoke.py']; runpy.run_path({str(SMOKE)!r}, run_name='__main__')"
    printed = run(sys.executable, "-S", "-c", code, BPUSIM_ENGINE_PATH=engine(), PYTHONPATH=str(site))
    assert "smoke: ok: the result is right" in printed
