"""The checks of layers and lengths find what they are there for."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# file, what is added to it -> what is said about that
PLANTED = {
    "a leaf that knows the facade": (
        "hbm_runtime/_models/shape.py", "from .._runtime import HB_HBMRuntime", "_models may not import from _runtime"),
    "a leaf that asks the facade for types only": (
        "hbm_runtime/_running/bound.py", "if TYPE_CHECKING:\n    from .._runtime import HB_HBMRuntime",
        "_running may not import from _runtime"),
    "a leaf that imports the package": (
        "hbm_runtime/_machine/board.py", "from hbm_runtime import Shape", "_machine may not import from hbm_runtime"),
    "a leaf that imports a program": (
        "hbm_runtime/_inputs/arrays.py", "from ..cli.errors import CommandError", "_inputs may not import from cli"),
    "a program that goes behind the package": (
        "hbm_runtime/cli/models.py", "from hbm_runtime._runtime import HB_HBMRuntime", "imported by the package alone"),
    "a circle": (
        "hbm_runtime/_observing/spans.py", "from .profile import Profile", "circle: hbm_runtime._observing.profile ->"),
    "the packer with the extension": (
        "hbm_runtime/packer/api.py", "from hbm_runtime import _core", "packer may not import from _core"),
    "a folder of the server that knows its users": (
        "hbm_runtime/serving/models/files.py", "from ..dataplane.dataplane import Dataplane",
        "serving.models may not import from dataplane"),
    "one protocol that knows the other": (
        "hbm_runtime/serving/http/messages.py", "from ..grpc.messages import parsed",
        "serving.http may not import from grpc"),
    "a folder that knows the whole server, inside a function": (
        "hbm_runtime/serving/calls/gate.py", "def late() -> None:\n    from ..server import Server",
        "serving.calls may not import from server"),
    "a client that knows the server": (
        "hbm_runtime/serving/client/runs/calls.py", "from ...calls.call import InferCall",
        "serving.client may not import from calls"),
    "a transport that knows what it carries": (
        "hbm_runtime/serving/client/transports/wire.py", "from ..runs.calls import Context",
        "serving.client.transports may not import from runs"),
    "a test helper": ("hbm_runtime/quant.py", "import pytest", "imports pytest"),
    "a file that is too long": ("hbm_runtime/image/__init__.py", "#\n" * 300, "lines, at most 300 are allowed"),
    "a function that is too long": (
        "hbm_runtime/quant.py", "def long() -> None:\n    \"\"\"Does nothing.\"\"\"" + "\n    print()" * 60,
        "a function has 61 lines, at most 60 are allowed"),
    "a long file of C++": ("src/core/base/clock.hpp", "//\n" * 350, "lines, at most 350 are allowed"),
    "a long function of C++": (
        "src/core/model/types.cpp", "int sum(int a,\n        int b) {\n" + "  ++a;\n" * 58 + "}",
        "a function has 61 lines, at most 60 are allowed"),
    "a long method of C++": (
        "src/core/base/clock.hpp", "struct Sum {\n  int of(int a) const {\n" + "    ++a;\n" * 59 + "  }\n};",
        "a function has 61 lines, at most 60 are allowed"),
    "an include upwards": (
        "src/core/model/types.cpp", '#include "bindings/bindings.hpp"', "core may not include from bindings"),
    "an include upwards between the folders of bpusim": (
        "src/bpusim/dnn/engine/engine.hpp", '#include "dnn/model/model.hpp"',
        "bpusim/dnn/engine may not include from bpusim/dnn/model"),
    "a folder that knows the functions that use it": (
        "src/bpusim/dnn/run/result.hpp", '#include "dnn/entry.hpp"',
        "bpusim/dnn/run may not include from bpusim/dnn"),
    "a folder that is named by a relative path": (
        "src/bpusim/hbucp/faults/faults.cpp", '#include "../tasks/task.hpp"',
        "bpusim/hbucp/faults may not include from bpusim/hbucp/tasks"),
    "a library of bpusim that knows the other": (
        "src/bpusim/dnn/entry.cpp", '#include "hbucp/base/log.hpp"',
        "bpusim/dnn may not include from bpusim/hbucp/base"),
    "the border between bpusim's libraries that knows one of them": (
        "src/bpusim/task_interface.hpp", '#include "dnn/base/error.hpp"',
        "bpusim may not include from bpusim/dnn/base"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for folder in ("hbm_runtime", "src"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    return copy


def test_docstrings_and_tables_are_no_lines_of_a_function(tree: Path) -> None:
    planted = {
        "hbm_runtime/quant.py": 'def reported() -> None:\n    """Told.\n' + "\n" * 70 + '    """',
        "src/core/model/types.cpp": "const int kTable[] = {\n" + "    sum(1),\n" * 70 + "};",
    }
    before = {name: (tree / name).read_text(encoding="utf-8") for name in planted}
    for name, text in planted.items():
        (tree / name).write_text(f"{before[name]}\n{text}\n", encoding="utf-8")
    try:
        done = check(tree, "check_lengths")
    finally:
        for name, text in before.items():
            (tree / name).write_text(text, encoding="utf-8")
    assert done.returncode == 0, done.stdout


def check(tree: Path, tool: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / f"{tool}.py"), str(tree)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("tool", ["check_layers", "check_lengths"])
def test_the_tree_has_no_violation(tree: Path, tool: str) -> None:
    done = check(tree, tool)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("table", ["SERVING_PARTS", "CLIENT_PARTS", "dnn", "hbucp"])
def test_the_rules_for_folders_point_one_way(table: str) -> None:
    tables = runpy.run_path(str(ROOT / "tools" / "check_layers.py"))
    rules = {**tables, **tables["BPUSIM_FOLDERS"]}[table]
    above: set[str] = set()
    for part, allowed in rules.items():
        assert allowed <= above, part
        above.add(part)


def test_what_is_planted_is_found(tree: Path) -> None:
    """All of it in one run of each check, which takes two seconds."""
    before = {name: (tree / name).read_text(encoding="utf-8") for name, _, _ in PLANTED.values()}
    try:
        for name, planted, _ in PLANTED.values():
            with (tree / name).open("a", encoding="utf-8") as file:
                file.write(f"\n{planted}\n")
        layers, lengths = check(tree, "check_layers"), check(tree, "check_lengths")
    finally:
        for name, text in before.items():
            (tree / name).write_text(text, encoding="utf-8")
    assert (layers.returncode, lengths.returncode) == (1, 1)
    said = [*layers.stdout.splitlines(), *lengths.stdout.splitlines()]
    missing = [
        case
        for case, (name, _, message) in PLANTED.items()
        if not any(message in line and (f"{name}:" in line or "circle" in message) for line in said)
    ]
    assert missing == [], said
