"""The files of bpusim that the installed package carries, and programs that are linked with them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import hbm_runtime._core

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "src" / "abi"
FOLDER = Path(hbm_runtime._core.__file__).parent / "bpusim"

LIBRARIES = {"hbucp": FOLDER / "libhbucp.so", "dnn": FOLDER / "libdnn.so"}


def listed_functions(library: str) -> set[str]:
    """The functions that the one list says the library exports."""
    text = (HEADERS / "functions.inc").read_text(encoding="utf-8")
    return set(re.findall(rf"^HBM_DRIVER_FUNCTION\({library}, (\w+), \w+\)", text, re.MULTILINE))


def build(program: Path, *sources: Path, options: Sequence[str | Path] = ()) -> Path:
    """Compiles a C or C++ program or, with ``-shared`` among the options, a library."""
    is_c = all(source.suffix == ".c" for source in sources)
    compiler = os.environ.get("CC", "cc") if is_c else os.environ.get("CXX", "c++")
    standard = "-std=c11" if is_c else "-std=c++17"
    command = [compiler, standard, "-Wall", "-Wextra", "-Werror", f"-I{HEADERS}", *sources, "-o", program, *options]
    result = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    return program


def build_test_driver(folder: Path) -> Path:
    """Builds the driver of the C++ tests, which has what the vendor's has; HBM_TEST_DRIVER changes it."""
    sources = ROOT / "tests" / "drivers"
    options = ["-shared", "-fPIC", f"-I{ROOT / 'tests'}"]
    defaults = folder / "defaults.cpp"
    defaults.write_text('extern const char* const kTestDriverDefaults;\nconst char* const kTestDriverDefaults = "";\n')
    build(folder / "libhbucp.so", sources / "hbucp.cpp", sources / "settings.cpp", defaults, options=options)
    options += [f"-L{folder}", "-lhbucp", "-Wl,-rpath,$ORIGIN"]
    build(folder / "libdnn.so", sources / "dnn.cpp", options=options)
    return folder


def run(program: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that is linked with the driver, on the driver of the package."""
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    engine = str(Path(spec.submodule_search_locations[0]) / "capi")
    return subprocess.run(
        [str(program), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "LD_LIBRARY_PATH": str(FOLDER), "BPUSIM_ENGINE_PATH": engine, **environment},
    )
