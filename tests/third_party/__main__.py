"""Programs that are too large for the tests' environment, each in one of its own.

``PYTHONPATH=tests python -m third_party [NAMES]`` prints a table: program, command, end. The environments
stay in ``build/third-party``. ``python -m third_party triton_examples FOLDER`` runs Triton's own example programs,
which need none (see ``triton_examples.py``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.model_factory import ModelFactory
from support.serving import serving
from third_party import triton_examples

from hbm_runtime.serving.server import Server

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / "build" / "third-party"


@dataclass(frozen=True)
class Program:
    """A program and what it needs.

    Attributes:
        requirements: Packages of its environment.
        script: File beside this one.
        words: Returns its arguments for a server and its model's file.
        sees_us: True if this package is to be importable.
    """

    requirements: tuple[str, ...]
    script: str
    words: Callable[[Server, Path], list[str]]
    sees_us: bool = False


PROGRAMS = {
    "kserve": Program(
        ("kserve==0.21.0",), "kserve_clients.py", lambda server, _: [str(server.http), str(server.grpc)]
    ),
    "model_api": Program(
        ("openvino-model-api", "tritonclient[http]"), "ovms_adapter.py", lambda server, _: [str(server.http)]
    ),
    "ray": Program(("ray[serve]>=2.40",), "ray_serve.py", lambda _, model: [str(model)], sees_us=True),
}  # fmt: skip


def _environment(name: str, program: Program) -> Path:
    """The Python of its environment, which is made when it is not there."""
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    done = folder / "ready"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *program.requirements], check=True)
        if program.sees_us:
            own = next(folder.glob("lib/python*/site-packages")) / "zz_hbm_runtime.pth"
            own.write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        done.touch()
    return python


def main() -> int:
    """Runs those that are named, or all; 0 if all ended well."""
    parser = argparse.ArgumentParser(prog="python -m third_party", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*PROGRAMS, []], help="which; all when left out")
    if sys.argv[1:2] == ["triton_examples"] and len(sys.argv) == 3:
        return triton_examples.main(Path(sys.argv[2]))
    names = parser.parse_args().names or list(PROGRAMS)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        model = ModelFactory(Path(folder)).scaled(2)
        with serving([model]) as server:
            for name in names:
                program = PROGRAMS[name]
                command = [str(_environment(name, program)), program.script, *program.words(server, model)]
                done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=600, check=False)
                failed |= done.returncode != 0
                end = done.stderr[-3000:] if done.returncode else done.stdout.strip().splitlines()[-1]
                print(f"{name} | {' '.join(command[1:])} | exit code {done.returncode}: {end}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
