"""Checks what docs/contributing says of the lengths of files and functions.

Run from anywhere, without arguments or with the folder of another tree; prints every violation with file and line and
exits 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()

# Lines of a file and of a function, whose docstring does not count.
MAX_LINES = {".py": 300, ".cpp": 350, ".hpp": 350, ".c": 350, ".h": 350, ".inc": 350}
MAX_IN_A_FUNCTION = 60
FOLDERS_WITH_LIMITS = ("hbm_runtime", "src", "tests", "tools", "benchmarks", "examples", "integrations")
# A line that opens a block of C++ which is no function: a type, a table or a row of one.
OTHER_BLOCK = re.compile(r"^\s*(\{|(namespace|class|struct|enum|union|extern|template|using)\b)|= \{$")


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
    """Runs the check and returns the exit status."""
    violations, files = check_lengths()
    for violation in violations:
        print(violation)
    if files < 100:
        print(f"check_lengths: only {files} files seen: is this the whole source tree?")
        return 1
    if not violations:
        print(f"lengths: {files} files and their functions are short enough")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
