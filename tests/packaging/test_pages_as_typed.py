"""The commands of the pages, typed one after the other into a shell of a new user: an empty home, an empty environment.

They build and install everything anew, which takes minutes, so only the CI's run asks for them (HBM_TEST_PAGES=1).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.documents import write_files

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(os.environ.get("HBM_TEST_PAGES") != "1", reason="takes minutes: HBM_TEST_PAGES=1 asks for it"),
    pytest.mark.timeout(1800),
    pytest.mark.no_sanitizer,
]


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
        ["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=1700
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_getting_started_on_a_pc(clone: Path) -> None:
    printed = follow(typed(section("docs/getting-started.md", "On a PC")), clone)
    assert "['adder']" in printed
    assert "[[3. 3. 3. 3.]]" in printed
    assert "'kind': 'bpusim'" in printed


def test_cpp_on_a_pc(clone: Path) -> None:
    write_files(clone)
    printed = follow(typed(section("docs/api/cpp.md", "On a PC, from a clone")), clone)
    assert "result doubled: 1x3x8x8, first value 2" in printed
