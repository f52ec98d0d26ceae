"""Builds, repairs and tries wheels: `./build.sh wheels [--aarch64] [--python TAG ...]`."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.wheels import aarch64
from tools.wheels.commands import run
from tools.wheels.pythons import Interpreter, find
from tools.wheels.repair import RepairError, repair
from tools.wheels.trial import try_wheel

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
# The oldest numpy that the package accepts is tried where it has wheels; one build serves it and the newest.
OLDEST_NUMPY = {(3, 10): "numpy==1.23.*"}


# The build backend is called directly: the pip of an old CPython cannot pass settings on.
_BACKEND = """
import json, sys
from scikit_build_core.build import build_wheel
build_wheel(sys.argv[1], json.loads(sys.argv[2]))
"""


def make_source_distribution() -> Path:
    """Leaves the source distribution in dist/ and returns it; every wheel is built from it, so it must be complete."""
    backend = "import sys; from scikit_build_core.build import build_sdist; print(build_sdist(sys.argv[1]))"
    return DIST / run([sys.executable, "-c", backend, str(DIST)], cwd=ROOT).split()[-1]


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks a source distribution and returns its root."""
    shutil.unpack_archive(archive, folder)
    return next(path for path in folder.iterdir() if (path / "pyproject.toml").is_file())


def build(interpreter: Interpreter, source: Path, folder: Path, target: aarch64.Target | None) -> Path:
    """Builds one wheel from a source tree with an interpreter's own build tools and returns it."""
    tools = ROOT / "build" / "wheels" / interpreter.tag
    python = tools / "bin" / "python"
    if not python.exists():
        run([interpreter.executable, "-m", "venv", str(tools)])
        run([str(python), "-m", "pip", "install", "scikit-build-core>=0.11", "pybind11>=3.0.1"])
    settings = target.settings(interpreter) if target else {}
    command = [str(python), "-c", _BACKEND, str(folder), json.dumps(settings)]
    run(command, cwd=source, env=aarch64.environment(interpreter, target))
    return next(folder.glob("*.whl"))


def make(interpreter: Interpreter, archive: Path, target: aarch64.Target | None) -> str:
    """Builds, repairs and tries the wheel of one interpreter; returns what is to be said about it."""
    with tempfile.TemporaryDirectory(prefix="hbm-wheel-") as name:
        folder = Path(name)
        source = unpack(archive, folder / "source")
        (folder / "built").mkdir()
        wheel = repair(build(interpreter, source, folder / "built", target), DIST)
    run([sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(archive)])
    line = f"{wheel.name} ({wheel.stat().st_size // 1024} KiB)"
    if target:
        return f"{line}: {target.try_wheel(wheel, interpreter)}"
    trials = [try_wheel(wheel, interpreter)]
    if interpreter.version in OLDEST_NUMPY:
        trials.append(try_wheel(wheel, interpreter, OLDEST_NUMPY[interpreter.version]))
    versions = [
        ", ".join(word for word in trial.split() if word.startswith(("numpy=", "onnxruntime="))) for trial in trials
    ]
    return f"{line}: tried with {'; '.join(versions)}"


def report(interpreter: Interpreter, archive: Path, target: aarch64.Target | None) -> bool:
    """Makes one wheel, prints how it went, and returns whether it went well."""
    try:
        print(f"· {make(interpreter, archive, target)}", flush=True)
    except (RepairError, subprocess.CalledProcessError) as error:
        print(f"· {interpreter.tag}: failed: {error}\n{getattr(error, 'output', None) or ''}", flush=True)
        return False
    return True


def main() -> int:
    """Makes every wheel that was asked for and returns the exit status."""
    parser = argparse.ArgumentParser(prog="./build.sh wheels", description=__doc__)
    parser.add_argument("--aarch64", action="store_true", help="cross-build for boards and try them under qemu-user")
    parser.add_argument("--python", metavar="TAG", nargs="*", help="only these, such as cp310 cp313t")
    arguments = parser.parse_args()
    interpreters = [python for python in find() if not arguments.python or python.tag in arguments.python]
    if not interpreters:
        sys.exit("wheels: no such CPython with headers is here")
    target = aarch64.Target(ROOT / "build" / "aarch64-system") if arguments.aarch64 else None
    DIST.mkdir(exist_ok=True)
    archive = make_source_distribution()
    good = sum(report(interpreter, archive, target) for interpreter in interpreters)
    print(f"wheels: {good} of {len(interpreters)} built and repaired")
    return 0 if good == len(interpreters) else 1


if __name__ == "__main__":
    sys.exit(main())
