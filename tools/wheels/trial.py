"""Installs a wheel into an empty venv and tries it there, far from the source tree."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tools.wheels.commands import run
from tools.wheels.pythons import Interpreter

SMOKE = Path(__file__).resolve().parents[2] / "tests" / "packaging" / "smoke.py"


def try_wheel(wheel: Path, interpreter: Interpreter, *requirements: str) -> str:
    """Runs the smoke program with the wheel and further requirements.

    Returns:
        The versions that were installed with it, as pip lists them.

    Raises:
        subprocess.CalledProcessError: The installation or the program failed; its output holds both streams.
    """
    with tempfile.TemporaryDirectory(prefix="hbm-wheel-") as name:
        folder = Path(name)
        shutil.copy(SMOKE, folder)
        run([interpreter.executable, "-m", "venv", str(folder / "venv")])
        python = folder / "venv" / "bin" / "python"
        # The newest numpy may have no wheel for this interpreter any more, or not yet.
        run([str(python), "-m", "pip", "install", "--prefer-binary", str(wheel), *requirements], cwd=folder)
        run([str(python), "-I", "smoke.py"], cwd=folder)
        return run([str(python), "-m", "pip", "list", "--format=freeze"], cwd=folder)
