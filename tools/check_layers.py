"""Checks what docs/contributing says of includes, imports and lengths.

Includes and imports point only downwards, as docs/internals describes the layers; files and functions stay short. Run
from anywhere, without arguments or with the folder of another tree; prints every violation with file and line and exits
1 if there is one.
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
# Lines of a file and of a function, whose docstring does not count.
MAX_LINES = {".py": 300, ".cpp": 350, ".hpp": 350, ".c": 350, ".h": 350, ".inc": 350}
MAX_IN_A_FUNCTION = 60
FOLDERS_WITH_LIMITS = ("hbm_runtime", "src", "tests", "tools", "benchmarks", "examples", "integrations")
# A line that opens a block of C++ which is no function: a type, a table or a row of one.
OTHER_BLOCK = re.compile(r"^\s*(\{|(namespace|class|struct|enum|union|extern|template|using)\b)|= \{$")


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


def check_lengths() -> tuple[list[str], int]:
    """Returns the files and functions that are too long, and how many files were looked at."""
    violations: list[str] = []
    files = [path for folder in FOLDERS_WITH_LIMITS for path in sorted((ROOT / folder).rglob("*"))]
    files = [path for path in files if path.suffix in MAX_LINES and path.is_file()]
    for path in files:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        name, most = path.relative_to(ROOT), MAX_LINES[path.suffix]
        if len(lines) > most:
            violations.append(f"{name}:{most + 1}: the file has {len(lines)} lines, at most {most} are allowed")
        functions = python_functions(text) if path.suffix == ".py" else cpp_functions(lines)
        violations += [
            f"{name}:{line}: a function has {length} lines, at most {MAX_IN_A_FUNCTION} are allowed"
            for line, length in functions
            if length > MAX_IN_A_FUNCTION
        ]
    return violations, len(files)


def python_functions(text: str) -> Iterator[tuple[int, int]]:
    """Yields first line and number of lines of each function, without its docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0]
            documented = ast.get_docstring(node, clean=False) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
            yield node.lineno, (node.end_lineno or 0) - node.lineno + 1 - docstring


def cpp_functions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yields first line and number of lines of each outermost function, as clang-format lays them out."""
    at = 0
    while at < len(lines):
        if lines[at].endswith(" {") and not OTHER_BLOCK.search(lines[at]):
            begin = at
            while begin and re.match(r"^\s*[^/\s]", lines[begin - 1]) and lines[begin - 1][-1] not in ";{}:":
                begin -= 1
            indent = min(len(line) - len(line.lstrip()) for line in lines[begin : at + 1])
            end = next((i for i in range(at, len(lines)) if lines[i].startswith(" " * indent + "}")), at)
            if "(" in "".join(lines[begin : at + 1]) and not OTHER_BLOCK.search(lines[begin]):
                yield begin + 1, end - begin + 1
                at = end
        at += 1


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
    found, files = check_lengths()
    violations += found
    for violation in violations:
        print(violation)
    if includes < 100 or modules < 3:
        print(f"check_layers: only {includes} includes and {modules} modules seen: is this the whole source tree?")
        return 1
    if not violations:
        print(
            f"layers: {includes} includes and {modules} Python modules point downwards; {files} files are short enough"
        )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
