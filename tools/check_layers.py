"""Checks that includes and imports point only downwards, as docs/internals describes the layers.

Run without arguments from anywhere; prints every violation with file and line and exits 1 if there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What a file of a layer may include with quotes or brackets, beside its own folder and the standard library.
MAY_INCLUDE = {
    "abi": set[str](),
    "include": set[str](),
    "loader": {"abi", "include"},
    "core": {"abi", "include", "loader"},
    "bindings": {"abi", "include", "loader", "core"},
    "bpusim": {"abi"},
}
PYTHON_HEADERS = re.compile(r"^(pybind11/|Python\.h|numpy/|pyconfig\.h)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
LINKS = re.compile(r"target_link_libraries\(([^)]*)\)")
MAY_LINK_BPUSIM = {"bpusim"}


def sources(folder: Path) -> Iterator[Path]:
    """Yields the C and C++ files below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".h", ".hpp", ".c", ".cpp", ".inc", ".in"}:
            yield path


def layer_of_header(name: str, including: Path) -> str | None:
    """Returns the layer that a header belongs to, or None for one that is not the project's."""
    source = ROOT / "src"
    candidates = [including.parent / name, source / name, source / "abi" / name, source / "include" / name]
    candidates += [source / layer / name for layer in MAY_INCLUDE]
    for candidate in candidates:
        if candidate.is_file() and source in candidate.resolve().parents:
            return candidate.resolve().relative_to(source).parts[0]
    if name.startswith("hbm_runtime/"):  # generated ones such as version.hpp
        return "include"
    return None


def check_includes(layer: str) -> tuple[list[str], int]:
    """Returns the violations of one layer and how many includes were looked at."""
    violations: list[str] = []
    seen = 0
    for path in sources(ROOT / "src" / layer):
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            name = match.group(2)
            seen += 1
            where = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start(2)) + 1}"
            if PYTHON_HEADERS.match(name) and layer != "bindings":
                violations.append(f"{where}: <{name}>: only src/bindings knows Python")
            target = layer_of_header(name, path)
            if target is not None and target != layer and target not in MAY_INCLUDE[layer]:
                violations.append(f"{where}: {name}: {layer} may not include from {target}")
    return violations, seen


def check_links() -> list[str]:
    """Nobody links to bpusim: it is opened at run time like any driver."""
    violations = []
    for path in sorted((ROOT / "src").glob("*/CMakeLists.txt")):
        if path.parent.name in MAY_LINK_BPUSIM:
            continue
        for match in LINKS.finditer(path.read_text(encoding="utf-8")):
            violations += [
                f"{path.relative_to(ROOT)}: links {word}; drivers are opened at run time"
                for word in match.group(1).split()[1:]
                if word.startswith("bpusim") or word in {"dnn", "hbucp", "onnxruntime"}
            ]
    return violations


def check_python() -> tuple[list[str], int]:
    """The Python package imports nothing that only tests, tools or the repository have."""
    violations: list[str] = []
    seen = 0
    forbidden = re.compile(r"^\s*(?:from|import)\s+(tests|tools|benchmarks|examples|pytest)\b", re.MULTILINE)
    fixtures = ROOT / "hbm_runtime" / "testing" / "fixtures.py"  # only pytest imports it
    for path in sorted((ROOT / "hbm_runtime").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        seen += 1
        if path == fixtures:
            continue
        for match in forbidden.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            violations.append(f"{path.relative_to(ROOT)}:{line}: imports {match.group(1)}")
    return violations, seen


def main() -> int:
    """Runs every check and returns the exit status."""
    violations = check_links()
    includes = 0
    for layer in MAY_INCLUDE:
        found, seen = check_includes(layer)
        violations += found
        includes += seen
    found, modules = check_python()
    violations += found
    for violation in violations:
        print(violation)
    if includes < 100 or modules < 3:
        print(f"check_layers: only {includes} includes and {modules} modules seen: is this the whole source tree?")
        return 1
    print(f"layers: {includes} includes and {modules} Python modules point downwards" if not violations else "")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
