"""Cross-building for aarch64 and trying the result under qemu-user.

Needs the packages g++-aarch64-linux-gnu and qemu-user-static. The arm64 system that the wheel is tried on is unpacked
from Debian's packages into a folder: nothing is installed on this machine and nothing of it needs root.
"""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.wheels.commands import run
from tools.wheels.pythons import Interpreter
from tools.wheels.trial import SMOKE

ROOT = Path(__file__).resolve().parents[2]
TOOLCHAIN = ROOT / "cmake" / "aarch64-linux-gnu.cmake"
# The Python of Debian 12 and what it needs to start.
_PACKAGES = (
    "python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 "
    "libbz2-1.0 liblzma5 libffi8 libssl3 libuuid1 libsqlite3-0 libcrypt1 libreadline8 libtinfo6 libdb5.3"
)
_PYTHON = (3, 11)
# Later versions of the engine read the host's /sys cache files when they start and crash under qemu-user.
_ENGINE = "onnxruntime==1.26.*"


def environment(interpreter: Interpreter, target: Target | None) -> Mapping[str, str]:
    """Returns what the build backend must believe about the machine it builds for."""
    result = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if target:
        major, minor = interpreter.version
        flag = "t" if interpreter.free_threaded else ""
        result["_PYTHON_HOST_PLATFORM"] = "linux-aarch64"
        result["SETUPTOOLS_EXT_SUFFIX"] = f".cpython-{major}{minor}{flag}-aarch64-linux-gnu.so"
    return result


@dataclass
class Target:
    """The machine that is built for; the folder holds the unpacked arm64 system."""

    folder: Path

    def __post_init__(self) -> None:
        """Says what is missing before anything is built."""
        for program, package in (
            ("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu"),
            ("qemu-aarch64-static", "qemu-user-static"),
        ):
            if shutil.which(program) is None:
                sys.exit(f"wheels: {program} is missing: apt-get install {package}")

    def settings(self, interpreter: Interpreter) -> dict[str, str]:
        """Returns settings for the build backend.

        The headers are those of the same CPython for x86-64. Their pyconfig.h differs from aarch64's only in what
        extensions do not use: HAVE_GCC_ASM_FOR_X64, HAVE_GCC_ASM_FOR_X87, HAVE_USABLE_WCHAR_T, PY_SUPPORT_TIER.
        """
        return {
            "cmake.args": f"--toolchain={TOOLCHAIN}",
            "cmake.define.PYTHON_MODULE_EXTENSION": environment(interpreter, self)["SETUPTOOLS_EXT_SUFFIX"],
        }

    def try_wheel(self, wheel: Path, interpreter: Interpreter) -> str:
        """Runs the smoke program with the arm64 Python, if there is one of this version; says what was done."""
        if interpreter.version != _PYTHON or interpreter.free_threaded:
            return "built, not tried: no arm64 CPython of this version is at hand"
        system = self._system()
        site = self.folder / "site"
        shutil.rmtree(site, ignore_errors=True)
        site.mkdir(parents=True)
        download = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", str(site)]
        platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in (28, 27, 26, 17)]
        version = f"--python-version={interpreter.version[0]}{interpreter.version[1]}"
        run([*download, version, *platforms, "--platform=manylinux2014_aarch64", "numpy", _ENGINE])
        for package in [*site.glob("*.whl"), wheel]:
            with zipfile.ZipFile(package) as archive:
                archive.extractall(site)
        shutil.copy(SMOKE, self.folder)
        emulator = ["qemu-aarch64-static", "-L", str(system)]
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(site),
            "PYTHONHOME": str(system / "usr"),
            "SMOKE_EMULATOR": " ".join(emulator),
        }
        run([*emulator, str(system / "usr/bin/python3.11"), "-s", "smoke.py"], cwd=self.folder, env=variables)
        return "tried under qemu-user"

    def _system(self) -> Path:
        """Unpacks the arm64 system once and returns its root."""
        root = self.folder / "root"
        if (self.folder / "complete").exists():
            return root
        lists, archives = self.folder / "lists", self.folder / "archives"
        for folder in (root, lists / "partial", archives):
            folder.mkdir(parents=True, exist_ok=True)
        options = [
            "-o",
            "APT::Architecture=arm64",
            "-o",
            "APT::Architectures::=arm64",
            "-o",
            f"Dir::State::lists={lists}",
        ]
        options += ["-o", f"Dir::Cache={self.folder}", "-o", "APT::Sandbox::User="]
        run(["apt-get", *options, "update"])
        run(["apt-get", *options, "download", *_PACKAGES.split()], cwd=archives)
        for package in sorted(archives.glob("*.deb")):
            run(["dpkg-deb", "-x", str(package), str(root)])
        (self.folder / "complete").touch()
        return root
