"""build.sh as a newcomer meets it: what its verbs are, and the one line that says what a machine lacks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERBS = {
    "build",
    "install",
    "clean",
    "demo",
    "test",
    "differential",
    "graphs",
    "load",
    "engines",
    "integrations",
    "wheels",
    "deb",
    "docs",
    "sanitize",
    "bench",
    "lint",
    "dev",
}
# What the script calls that every Linux has, whatever else is missing.
COMMON = ["bash", "env", "cat", "dirname", "find", "grep", "head", "mkdir", "rm", "sed", "tail", "tr", "uname"]


class Machine:
    """A folder with build.sh and a PATH that has only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tree"
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.folder.mkdir()
        shutil.copy(ROOT / "build.sh", self.folder)
        shutil.copy(ROOT / "pyproject.toml", self.folder)
        shutil.copytree(ROOT / "tools", self.folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        for name in COMMON:
            found = shutil.which(name)
            assert found is not None, name
            (self.programs / name).symlink_to(found)

    def add(self, name: str, text: str = "exit 0") -> Path:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        return program

    def add_python(self, name: str, startup: str = "") -> Path:
        """A Python that runs `startup` before anything else."""
        site = self.folder.parent / f"startup-{name}"
        site.mkdir()
        (site / "sitecustomize.py").write_text(startup)
        return self.add(name, f'PYTHONPATH={site} exec {sys.executable} "$@"')

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "build.sh"), *arguments],
            check=False,
            cwd="/",
            env={"PATH": str(self.programs), "HOME": str(self.folder), **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def refusal(self, *arguments: str, **environment: str) -> str:
        """The one line on stderr with which it fails."""
        result = self.run(*arguments, **environment)
        lines = result.stderr.splitlines()
        assert result.returncode == 1, result.stdout + result.stderr
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("build.sh: ")
        return lines[0].removeprefix("build.sh: ")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("verb", ["help", "-h", "--help"])
def test_help_has_one_line_for_every_verb(machine: Machine, verb: str) -> None:
    result = machine.run(verb)
    assert result.returncode == 0
    described = re.findall(r"^  ([a-z]+) {2,}\S", result.stdout, re.MULTILINE)
    assert sorted(described) == sorted(VERBS)
    assert max(map(len, result.stdout.splitlines())) <= 120


def test_an_unknown_verb_fails_and_shows_the_known_ones(machine: Machine) -> None:
    result = machine.run("biuld")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "build.sh: unknown verb 'biuld'"
    assert all(f"\n  {verb} " in result.stderr for verb in VERBS)


@pytest.mark.parametrize("verb", ["build", "install", "dev", "lint", "docs", "clean"])
def test_arguments_that_nothing_would_use_are_refused(machine: Machine, verb: str) -> None:
    (machine.folder / "build").mkdir()
    assert machine.refusal(verb, "--fast", "now") == f"{verb} takes no arguments, given: --fast now"
    assert (machine.folder / "build").is_dir()


@pytest.mark.parametrize("verb", ["test", "dev", "docs", "wheels", "build"])
def test_without_python_it_says_how_to_get_one(machine: Machine, verb: str) -> None:
    machine.add("g++")
    expected = "Python 3.10 or newer is missing: apt-get install python3 python3-venv python3-dev"
    assert machine.refusal(verb) == expected


def test_a_python_that_is_named_and_is_none_is_refused(machine: Machine) -> None:
    machine.add("g++")
    machine.add_python("python3")
    assert machine.refusal("build", PYTHON="/nowhere/python3") == "PYTHON=/nowhere/python3 is not a Python"


def test_an_old_python_is_refused_when_it_is_named(machine: Machine) -> None:
    machine.add("g++")
    machine.add_python("python3")
    old = machine.add_python("python3.9", "import sys; sys.version_info = (3, 9, 2, 'final', 0)")
    assert re.fullmatch(r"\S+ is Python 3\.9; 3\.10 or newer is needed", machine.refusal("build", PYTHON=str(old)))


@pytest.mark.parametrize(
    ("startup", "said"),
    [
        (
            "import sys; sys.modules['ensurepip'] = None",
            "the venv module of .* is missing: apt-get install python3-venv",
        ),
        (
            "import sysconfig; sysconfig.get_path = lambda *_: '/nowhere'",
            "the headers of .* are missing: apt-get install python3-dev",
        ),
    ],
    ids=["venv", "headers"],
)
def test_a_python_without_its_parts_is_named(machine: Machine, startup: str, said: str) -> None:
    machine.add("g++")
    machine.add_python("python3", startup)
    assert re.fullmatch(said, machine.refusal("build"))


@pytest.mark.parametrize("verb", ["build", "test", "wheels"])
def test_without_a_compiler_it_says_how_to_get_one(machine: Machine, verb: str) -> None:
    machine.add_python("python3")
    assert machine.refusal(verb) == "a C++17 compiler is missing: apt-get install g++"


def test_without_debian_tools_it_says_how_to_get_them(machine: Machine) -> None:
    expected = "not found: dpkg-buildpackage, dh, lintian: apt-get install dpkg-dev debhelper lintian"
    assert machine.refusal("deb") == expected


def test_debian_packages_are_for_two_architectures(machine: Machine) -> None:
    for program in ("dpkg-buildpackage", "dh", "lintian"):
        machine.add(program)
    assert machine.refusal("deb", "mips") == "the packages are for amd64 and arm64, not for 'mips'"


@pytest.mark.parametrize(
    ("startup", "said"),
    [
        ("import sys; sys.modules['pip'] = None", r"pip of \S+ is missing: apt-get install python3-pip"),
        (
            "import os, sys; sys.prefix = sys.base_prefix; exists = os.path.exists\n"
            "os.path.exists = lambda path: str(path).endswith('EXTERNALLY-MANAGED') or exists(path)",
            r"\S+ belongs to the system: name another one, such as that of a venv .*",
        ),
    ],
    ids=["no pip", "managed by the system"],
)
def test_install_says_before_it_builds_that_it_cannot_install(machine: Machine, startup: str, said: str) -> None:
    machine.add("g++")
    machine.add_python("python3", startup)
    assert re.fullmatch(said, machine.refusal("install"))


def test_clean_removes_what_the_verbs_made_and_nothing_else(machine: Machine) -> None:
    for name in ("build", "dist", ".venv", "docs/_build", "src/__pycache__", "docs/guide"):
        (machine.folder / name).mkdir(parents=True)
    assert machine.run("clean").returncode == 0
    left = {str(path.relative_to(machine.folder)) for path in machine.folder.rglob("*") if "tools" not in path.parts}
    assert left == {"build.sh", "pyproject.toml", "docs", "docs/guide", "src"}
