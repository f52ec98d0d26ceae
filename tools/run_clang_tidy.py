"""Runs clang-tidy over the project's own sources, in parallel, remembering what was clean.

A file is analysed again only when it, a header of the project, its compile command or the settings have changed. The
memory lies in .cache/clang-tidy and may be deleted at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tidy"
CACHE = ROOT / ".cache" / "clang-tidy"


def configure() -> list[dict[str, str]]:
    """Configures a build without compiling it and returns its compile commands for src/."""
    pybind11 = subprocess.run(
        [sys.executable, "-m", "pybind11", "--cmakedir"], check=True, capture_output=True, text=True
    ).stdout.strip()
    settings = [f"-Dpybind11_DIR={pybind11}", f"-DPython_EXECUTABLE={sys.executable}", "-DHBM_BUILD_TESTING=OFF"]
    command = ["cmake", "--preset", "dev", "-B", str(BUILD), *settings]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    database: list[dict[str, str]] = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    own = [entry for entry in database if Path(entry["file"]).is_relative_to(ROOT / "src")]
    return list({entry["file"]: entry for entry in own}.values())


def fingerprint(entry: dict[str, str], shared: bytes) -> str:
    """Names a state of everything that the analysis of one file depends on."""
    digest = hashlib.sha256(shared)
    digest.update(entry["command"].encode())
    digest.update(Path(entry["file"]).read_bytes())
    return digest.hexdigest()


def shared_state() -> bytes:
    """Hashes the settings, the version of the tool and every header of the project."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    digest.update(subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout)
    for pattern in ("*.h", "*.hpp", "*.inc"):
        for path in sorted((ROOT / "src").rglob(pattern)):
            digest.update(path.read_bytes())
    return digest.digest()


def analyse(file: str) -> tuple[bool, str]:
    """Analyses one file; returns whether it is clean, and what the tool printed."""
    # GCC's warning options that clang does not know are no finding.
    command = ["clang-tidy", "-p", str(BUILD), "--quiet", "--extra-arg=-Wno-unknown-warning-option", file]
    result = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    return result.returncode == 0, result.stdout if result.stdout.strip() else result.stderr


def main() -> int:
    """Analyses what changed and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("files", nargs="*", help="only these files; all of src/ without any")
    arguments = parser.parse_args()

    entries = configure()
    if arguments.files:
        wanted = {str(Path(file).resolve()) for file in arguments.files}
        entries = [entry for entry in entries if entry["file"] in wanted]
    shared = shared_state()
    CACHE.mkdir(parents=True, exist_ok=True)
    due = {entry["file"]: CACHE / fingerprint(entry, shared) for entry in entries}
    due = {file: mark for file, mark in due.items() if not mark.exists()}

    dirty = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for (file, mark), (clean, output) in zip(due.items(), pool.map(analyse, due), strict=True):
            if clean:
                mark.touch()
            else:
                dirty += 1
                print(f"{Path(file).relative_to(ROOT)}:\n{output}")
    print(f"clang-tidy: {len(entries)} files, {len(due)} analysed, {dirty} with findings")
    return 1 if dirty or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
