"""Checks what docs/contributing says of includes and imports.

They point only downwards, as docs/internals describes the layers. Run from anywhere, without arguments or with the
folder of another tree; prints every violation with file and line and exits 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()

# What a file of a layer may include with quotes or brackets, beside its own folder and the standard library.
MAY_INCLUDE = {
    "abi": set[str](),
    "include": set[str](),
    "loader": {"abi", "include"},
    "core": {"abi", "include", "loader"},
    "bindings": {"abi", "include", "loader", "core"},
    "bpusim": {"abi"},
}
# What the folders of bpusim's two libraries may include from each other. The files beside them may include from all of
# them, and no file may include from the other library.
BPUSIM_FOLDERS = {
    "dnn": {
        "base": set[str](),
        "files": {"base"},
        "engine": {"base"},
        "graph": {"base", "files"},
        "model": {"base", "files", "engine", "graph"},
        "loading": {"base", "files", "engine", "graph", "model"},
        "run": {"base", "engine", "model"},
    },
    "hbucp": {"base": set[str](), "faults": {"base"}, "tasks": {"base", "faults"}},
}
PYTHON_HEADERS = re.compile(r"^(pybind11/|Python\.h|numpy/|pyconfig\.h)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
BASE = {
    "_core",
    "_errors",
    "_future_errors",
    "_enums",
    "_printable",
    "_files",
    "_installing",
    "_signals",
    "_watched_child",
}
# What the parts of the Python package may import from each other. Parts that are not listed are programs and servers on
# top of the package, which may use all of it.
PYTHON_PARTS = {
    "_printable": set[str](),
    "_errors": {"_printable"},
    "_future_errors": {"_errors"},
    "_enums": {"_core", "_errors"},
    "_files": {"_errors"},
    "_installing": set[str](),
    "_signals": set[str](),
    "_watched_child": set[str](),
    "_machine": BASE,
    "_loading": BASE | {"encryption", "packer"},
    "_observing": BASE | {"_running"},
    "_running": BASE | {"_loading", "_models", "_observing"},
    "_models": BASE | {"_running", "quant"},
    "_inputs": BASE | {"_models", "image"},
    "quant": BASE,
    "image": BASE,
    "encryption": BASE,
    "packer": BASE - {"_core", "_enums"},  # it works without the compiled extension
    "samples": {"packer"},
}
# The same for the folders of the server, each of which may import only from those above it. What is not listed puts
# them together.
SERVING_BASE = {"addresses", "allocator", "failures", "missing", "settings", "protocol"}
SERVING_PARTS = {
    **{part: set[str]() for part in SERVING_BASE},
    "access": SERVING_BASE,
    "calls": SERVING_BASE,
    "models": SERVING_BASE | {"calls"},
    "dataplane": SERVING_BASE | {"calls", "models"},
    "http": SERVING_BASE | {"access", "calls", "models", "dataplane"},
    "grpc": SERVING_BASE | {"access", "calls", "models", "dataplane"},
    "client": {"missing", "protocol"},
}
CLIENT_PARTS = {
    "transports": set[str](),
    "models": {"transports"},
    "runs": {"transports", "models"},
}
PARTS_OF = {
    "hbm_runtime": PYTHON_PARTS,
    "hbm_runtime.serving": SERVING_PARTS,
    "hbm_runtime.serving.client": CLIENT_PARTS,
}
ONLY_IN_THE_REPOSITORY = {"tests", "tools", "benchmarks", "examples", "pytest"}
LINKS = re.compile(r"target_link_libraries\(([^)]*)\)")
MAY_LINK_BPUSIM = {"bpusim"}


def sources(folder: Path) -> Iterator[Path]:
    """Yields the C and C++ files below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".h", ".hpp", ".c", ".cpp", ".inc", ".in"}:
            yield path


def header_of(name: str, including: Path) -> Path | None:
    """Returns the path of an included header below ``src``, or None for one that is not the project's."""
    source = ROOT / "src"
    candidates = [including.parent / name, source / name, source / "abi" / name, source / "include" / name]
    candidates += [source / layer / name for layer in MAY_INCLUDE]
    for candidate in candidates:
        if candidate.is_file() and source in candidate.resolve().parents:
            return candidate.resolve().relative_to(source)
    if name.startswith("hbm_runtime/"):  # generated ones such as version.hpp
        return Path("include", name)
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
            header = header_of(name, path)
            if header is None:
                continue
            target = header.parts[0]
            if target != layer and target not in MAY_INCLUDE[layer]:
                violations.append(f"{where}: {name}: {layer} may not include from {target}")
            inner = path.relative_to(ROOT / "src")
            if target == layer == "bpusim" and not folder_may_include(inner, header):
                violations.append(f"{where}: {name}: {inner.parent} may not include from {header.parent}")
    return violations, seen


def folder_may_include(path: Path, header: Path) -> bool:
    """Returns True if BPUSIM_FOLDERS allows an include; both paths are like ``bpusim/dnn/base/error.hpp``."""
    library, folder = [*path.parts[1:-1], "", ""][:2]
    target_library, target = [*header.parts[1:-1], "", ""][:2]
    if not target_library:
        return True
    if target_library != library:
        return False
    return not folder or target == folder or target in BPUSIM_FOLDERS.get(library, {}).get(folder, ())


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


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yields line and module of every import in a file, also of those for type checkers, as ``hbm_runtime.x.y``.

    What is imported from a package counts as a module where it is one.
    """
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = ROOT / Path(*module.split(".")) / alias.name
                is_module = inner.is_dir() or any(inner.with_suffix(end).is_file() for end in (".py", ".pyi"))
                yield node.lineno, f"{module}.{alias.name}" if is_module else module


def part_of(module: str, package: str = "hbm_runtime") -> str:
    """Returns the part of a package that a module belongs to; that of the package itself is its own name."""
    inner = module.removeprefix(package).split(".")
    return inner[1] if len(inner) > 1 else package


def forbidden_arrows(importing: str, imported: str) -> Iterator[str]:
    """Yields what is wrong with an import between two modules, by the parts of every package that both are in."""
    for package, allowed in PARTS_OF.items():
        if all(f"{module}.".startswith(f"{package}.") for module in (importing, imported)):
            part, target = part_of(importing, package), part_of(imported, package)
            if part != target and part in allowed and target not in allowed[part]:
                prefix = package.removeprefix("hbm_runtime").removeprefix(".")
                yield f"{f'{prefix}.' if prefix else ''}{part} may not import from {target}"


def check_python() -> tuple[list[str], int]:
    """Imports in the package follow PARTS_OF, and it needs nothing that only the repository has."""
    violations: list[str] = []
    arrows: dict[str, set[str]] = {}
    fixtures = ROOT / "hbm_runtime" / "testing" / "fixtures.py"  # only pytest imports it
    for path in sorted((ROOT / "hbm_runtime").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for line, module in imports_of(path):
            where = f"{path.relative_to(ROOT)}:{line}"
            if module.split(".")[0] in ONLY_IN_THE_REPOSITORY and path != fixtures:
                violations.append(f"{where}: imports {module}")
            arrows.setdefault(name, set()).add(module)
            violations += [f"{where}: {wrong}" for wrong in forbidden_arrows(name, module)]
            if module == "hbm_runtime._runtime" and part_of(name) != "hbm_runtime":
                violations.append(f"{where}: the facade imports everything and is imported by the package alone")
    violations += [f"imports go in a circle: {' -> '.join(circle)}" for circle in circles(arrows)]
    return violations, len(arrows)


def circles(arrows: dict[str, set[str]]) -> Iterator[list[str]]:
    """Yields each circle of modules once, as far as going through them in depth finds them."""
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> Iterator[list[str]]:
        if module in trail:
            yield [*trail[trail.index(module) :], module]
        elif module not in done:
            for target in sorted(arrows.get(module, ())):
                yield from visit(target, [*trail, module])
            done.add(module)

    for module in sorted(arrows):
        yield from visit(module, [])


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
    if not violations:
        print(f"layers: {includes} includes and {modules} Python modules point downwards")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
