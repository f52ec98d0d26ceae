"""The installed C++ library as its users see it: through CMake and pkg-config, at a place it was not built for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.build_tools import engine, run
from support.documents import write_files

import hbm_runtime
from hbm_runtime.encryption import encrypt_model

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "native"

pytestmark = [
    pytest.mark.skipif(not (BUILD / "src" / "sdk").is_dir(), reason="needs build/native: ./build.sh test makes it"),
    pytest.mark.no_sanitizer,
]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and bpusim, installed and then moved elsewhere."""
    folder = tmp_path_factory.mktemp("sdk")
    for component in ("sdk", "bpusim"):
        run("cmake", "--install", BUILD, "--prefix", folder / "first", "--component", component)
    return (folder / "first").rename(folder / "moved")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_files(folder)
    return folder / "model.onnx"


@pytest.fixture(scope="module")
def examples(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, built by CMake as a project of their own."""
    folder = tmp_path_factory.mktemp("examples")
    run("cmake", "-S", ROOT / "examples" / "cpp", "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", folder)
    return folder


def run_example(*command: str | Path, **environment: str) -> str:
    """What an example prints. The engine of an active environment is found without a variable."""
    environment |= {"VIRTUAL_ENV": sys.prefix, "BPUSIM_ENGINE_PATH": "", "HBM_RUNTIME_DRIVER": "bpusim"}
    return run(*command, **environment)


def test_a_cmake_project_finds_and_uses_it(examples: Path, model: Path) -> None:
    folder = examples
    assert run_example(folder / "first_run", model).split() == ["2", "1"]
    described = run_example(folder / "run_model", model)
    assert "input image: F32 1x3x8x8" in described
    assert "result doubled: 1x3x8x8, first value 2" in described
    asynchronous = run_example(folder / "asynchronous", model)
    assert "callbacks: all arrived" in asynchronous
    assert "waited: done, 2 outputs" in asynchronous
    assert "error about model 'model'" in asynchronous
    observing = run_example(folder / "observing", model, "image")
    assert f"library {hbm_runtime.__version__}, BPU cores: 4" in observing
    assert re.search(r"^log 2: driver .*/libdnn\.so, version 3\.13\.6_", observing, re.MULTILINE)
    assert "output doubled would have 4 dimensions" in observing
    assert observing.count("request: done, waited") == 3
    assert "operation GlobalAveragePool: " in observing
    assert "done: 3, failed: 0" in observing
    np.save(folder / "in.npy", np.asfortranarray(np.arange(192, dtype=np.float32).reshape(1, 3, 8, 8)))
    measured = run_example("env", "-C", folder, "./measuring", model, "in.npy")
    assert "image: F32 [1, 3, 8, 8]" in measured
    assert re.search(r"latency \S+ ms, \S+ runs a second", measured)
    assert "DeviceExecute: " in measured
    assert "wrote mean.npy: F32 [1, 3, 1, 1]" in measured
    assert np.load(folder / "doubled.npy").ravel().tolist() == [2.0 * i for i in range(192)]


def test_a_program_opens_a_model_that_python_encrypted(examples: Path, model: Path, tmp_path: Path) -> None:
    padded = onnx.load(model)
    padded.doc_string = "x" * (5 << 19)  # several chunks
    onnx.save(padded, tmp_path / "plain.onnx")
    encrypt_model(tmp_path / "plain.onnx", tmp_path / "model.secret", "correct horse", cost=14)
    environment = {"BPUSIM_ENGINE_PATH": engine(), "HBM_RUNTIME_DRIVER": "bpusim"}
    command = [examples / "run_model", tmp_path / "model.secret"]
    described = run(*command, MODEL_PASSPHRASE="correct horse", **environment)
    assert "model scaler" in described  # called after its graph
    assert "result doubled: 1x3x8x8, first value 2" in described
    for passphrase, said in (("guess", "the passphrase is not that of '"), ("", "is encrypted: give the passphrase")):
        refused = subprocess.run(
            command,
            env={**os.environ, **environment, "MODEL_PASSPHRASE": passphrase},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert refused.returncode == 1
        assert said in refused.stderr


def test_pkg_config_tells_a_compiler_how_to_use_it(prefix: Path, model: Path, tmp_path: Path) -> None:
    search = str(next(prefix.rglob("pkgconfig")))
    flags = run("pkg-config", "--cflags", "--libs", "hbm-runtime", PKG_CONFIG_PATH=search).split()
    compiler = os.environ.get("CXX", "c++")
    source = ROOT / "examples" / "cpp" / "first_run.cpp"
    run(compiler, "-std=c++17", source, *flags, "-o", tmp_path / "first_run")
    library = str(next(prefix.rglob("libhbm_runtime.so")).parent)
    assert run_example(tmp_path / "first_run", model, LD_LIBRARY_PATH=library).split() == ["2", "1"]


@pytest.mark.parametrize(("wanted", "found"), [("1.0", True), ("1", True), ("2.0", False), ("0.9", False)])
def test_find_package_accepts_only_the_same_major_version(
    prefix: Path, tmp_path: Path, wanted: str, found: bool
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(consumer CXX)\n"
        f"find_package(hbm_runtime {wanted} QUIET)\nmessage(STATUS found=${{hbm_runtime_FOUND}})\n"
    )
    printed = run("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert f"found={int(found)}" in printed


def test_the_library_exports_its_own_symbols_and_no_others(prefix: Path) -> None:
    library = next(prefix.rglob("libhbm_runtime.so"))
    symbols = run("nm", "-D", "--defined-only", "-C", library).splitlines()
    names = [re.sub(r"^[0-9a-f]+ [A-Z] ", "", line) for line in symbols]
    own = re.compile(r"^((typeinfo|typeinfo name|vtable) for )?hbm::|^HBM_RUNTIME_1$")
    assert len(names) > 20
    assert [name for name in names if not own.match(name)] == []


def test_the_library_needs_no_driver_and_has_a_soname(prefix: Path) -> None:
    dynamic = run("readelf", "-d", next(prefix.rglob("libhbm_runtime.so")))
    assert "[libhbm_runtime.so.1]" in dynamic
    assert not re.search(r"NEEDED.*(hbucp|libdnn|onnxruntime|python)", dynamic)


def test_every_public_header_compiles_on_its_own(prefix: Path, tmp_path: Path) -> None:
    headers = sorted((prefix / "include" / "hbm_runtime").glob("*.hpp"))
    assert len(headers) > 8
    lines = [f"#include <hbm_runtime/{header.name}>\n" for header in headers]
    for number, line in enumerate(lines):
        (tmp_path / f"{number}.cpp").write_text(line + line)
    sources = [str(path) for path in tmp_path.glob("*.cpp")]
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
    run(os.environ.get("CXX", "c++"), "-std=c++17", "-fsyntax-only", *warnings, f"-I{prefix / 'include'}", *sources)


def test_the_project_configures_without_bpusim(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ignore = shutil.ignore_patterns("bpusim", "build", ".venv", ".git", "dist", "__pycache__")
    for name in ("src", "cmake", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    for name in ("CMakeLists.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src" / "abi" / "bpusim", source / "src" / "abi" / "bpusim")  # the extension's declaration
    settings = ("-DHBM_BUILD_PYTHON=OFF", "-DHBM_BUILD_TESTING=OFF")
    run("cmake", "-S", source, "-B", tmp_path / "build", "-G", "Ninja", *settings)
    plan = run("ninja", "-C", tmp_path / "build", "-n")
    assert "libhbm_runtime.so" in plan
