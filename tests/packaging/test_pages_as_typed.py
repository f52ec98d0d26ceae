"""The commands of the pages, typed one after the other into a shell of a new user: an empty home, an empty environment.

They install from PyPI, so only CI asks for them (HBM_TEST_PAGES=1). There the wheel is packed from what
this environment has compiled; HBM_TEST_PAGES=compile compiles everything anew, which takes many minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.documents import write_files

ROOT = Path(__file__).resolve().parents[2]

ASKED = os.environ.get("HBM_TEST_PAGES", "")
pytestmark = [
    pytest.mark.skipif(ASKED not in {"1", "compile"}, reason="installs from PyPI: HBM_TEST_PAGES=1 asks for it"),
    pytest.mark.timeout(3600),
    pytest.mark.no_sanitizer,
]

BACKEND = """
import zipfile
from pathlib import Path

SITE = Path({site!r})

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "{name}.whl"
    [info] = SITE.glob("hbm_runtime-*.dist-info")
    files = {{path.relative_to(".").as_posix(): path for path in Path("hbm_runtime").rglob("*") if path.is_file()}}
    files |= {{path.relative_to(SITE).as_posix(): path for path in (SITE / "hbm_runtime").rglob("*.so")}}
    files |= {{f"{{info.name}}/{{part}}": info / part for part in ("METADATA", "entry_points.txt")}}
    files["hbm_runtime_pytest.py"] = SITE / "hbm_runtime_pytest.py"
    with zipfile.ZipFile(Path(directory, name), "w") as wheel:
        for to, path in files.items():
            wheel.write(path, to)
        lines = ["Wheel-Version: 1.0", "Generator: tests", "Root-Is-Purelib: false", "Tag: {tag}", ""]
        wheel.writestr(f"{{info.name}}/WHEEL", "\\n".join(lines))
        record = f"{{info.name}}/RECORD"
        wheel.writestr(record, "".join(f"{{to}},,\\n" for to in [*files, f"{{info.name}}/WHEEL", record]))
    return name
"""
"""A build backend that packs what was compiled already."""


def section(page: str, heading: str) -> str:
    """A section of a page, with those below it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def typed(text: str) -> str:
    """One script of all blocks: shell commands as they are, Python through the environment's python."""
    lines = ["set -e"]
    for kind, block in re.findall(r"^```(sh|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        lines.append(block if kind == "sh" else f"python - <<'BLOCK'\n{block}BLOCK\n")
    return "\n".join(lines)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what is under version control, as `git clone` gives it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no clone")
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "clone" / name)
    return tmp_path / "clone"


def compiled_already(clone: Path) -> None:
    """Lets `pip install .` in the clone pack this environment's extension and bpusim instead of compiling them."""
    python = f"cp3{sys.version_info.minor}"
    tag = f"{python}-{python}-{sysconfig.get_platform().replace('-', '_')}"
    [info] = Path(sysconfig.get_path("purelib")).glob("hbm_runtime-*.dist-info")
    name = f"{info.name.removesuffix('.dist-info')}-{tag}"
    text = BACKEND.format(site=str(info.parent), name=name, tag=tag)
    (clone / "compiled.py").write_text(text, encoding="utf-8")
    project = (clone / "pyproject.toml").read_text(encoding="utf-8")
    _, _, rest = project.partition("[project]")
    system = '[build-system]\nrequires = []\nbuild-backend = "compiled"\nbackend-path = ["."]\n\n[project]'
    (clone / "pyproject.toml").write_text(system + rest, encoding="utf-8")


def follow(script: str, clone: Path) -> str:
    """Types the script in a shell whose Python is the base of this environment; skips without a registry."""
    home = clone.parent / "home"
    home.mkdir()
    left_out = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "BPUSIM_ENGINE_PATH", "HBM_RUNTIME_DRIVER"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    own = str(Path(sys.executable).parent)
    tools = clone.parent / "tools"  # CMake of this environment, and the Python that it was made with
    tools.mkdir()
    for name in ("cmake", "pkg-config", "ninja"):
        if (Path(own) / name).exists():
            (tools / name).symlink_to(Path(own) / name)
    (tools / "python3").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    path = os.pathsep.join([str(tools), *(part for part in environment["PATH"].split(os.pathsep) if part != own)])
    environment |= {"HOME": str(home), "PATH": path}
    # Without optimisation, which takes most of the compiler's time and changes nothing that the pages say.
    environment |= {"SKBUILD_CMAKE_BUILD_TYPE": "Debug", "CMAKE_BUILD_TYPE": "Debug"}
    probe = "python3 -m venv ~/probe && ~/probe/bin/pip download --no-deps -q -d ~/probe numpy"
    if subprocess.run(["bash", "-c", probe], env=environment, capture_output=True, check=False, timeout=300).returncode:
        pytest.skip("the registry does not answer")
    done = subprocess.run(
        ["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=3500
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_getting_started_on_a_pc(clone: Path) -> None:
    if ASKED == "1":
        compiled_already(clone)
    printed = follow(typed(section("docs/getting-started.md", "On a PC")), clone)
    assert "['adder']" in printed
    assert "[[3. 3. 3. 3.]]" in printed
    assert "'kind': 'bpusim'" in printed


@pytest.mark.skipif(ASKED != "compile", reason="compiles the library: HBM_TEST_PAGES=compile asks for it")
def test_cpp_on_a_pc(clone: Path) -> None:
    write_files(clone)
    printed = follow(typed(section("docs/api/cpp.md", "On a PC, from a clone")), clone)
    assert "result doubled: 1x3x8x8, first value 2" in printed
