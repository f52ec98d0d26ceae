"""Checks the words of docs/contributing that can be checked: names, idioms and sentences that the project does not use.

Run from anywhere, without arguments or with the folder of another tree; prints every violation with file and line and
exits 1 if there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
FOLDERS = ("hbm_runtime", "src", "tests", "tools", "benchmarks", "examples", "integrations", "docs")
CODE = {".py", ".pyi", ".c", ".cpp", ".h", ".hpp", ".inc"}
TEXTS = CODE | {".md", ".yaml"}
# Files that have the words as examples, and a history that stays as it was written.
LEFT_OUT = {"tools/check_words.py", "tests/packaging/test_words.py", "docs/contributing.md", "docs/changelog.md"}

# What is not written, in which files, and what is written instead.
RULES = [
    (re.compile(r"\bWhether "), CODE, 'begin with "Returns True if" or "True if"'),
    (re.compile(r"\bTells (whether|if)\b"), TEXTS, 'write "Returns True if"'),
    (re.compile(r'(^\s+\*{0,2}\w+: |""")Of '), CODE, 'begin with a noun, such as "The model\'s name"'),
    (re.compile(r"(\b|_)told\b"), TEXTS, 'write that something is reported, returned or notified, not "told"'),
    (re.compile(r"\b([Ww]akes|[Oo]nly to|of) who\b"), TEXTS, 'name the one: "all threads waiting for", "callers that"'),
    (re.compile(r"\b([Hh]e|[Hh]is|[Hh]im)\b"), TEXTS, 'the caller is "it"'),
    (re.compile(r"\bCure:"), TEXTS, 'write "how to fix"'),
    (re.compile(r"\bk(Most|Least)"), CODE, "name limits kMax and kMin"),
    (re.compile(r"\b(replaced_file|atomic_write)\b"), CODE, "files are written by written_file"),
    (re.compile(r"\b(OutputWish|ShownBlocks|leaseShown|BoundCall|rowsKeepApart)\b"), CODE, "this name was replaced"),
]


def violations_of(name: str, text: str) -> Iterator[str]:
    """Yields the words of a file that are not used, with file and line."""
    suffix = Path(name).suffix
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, suffixes, advice in RULES:
            found = pattern.search(line) if suffix in suffixes else None
            if found is not None:
                yield f"{name}:{number}: {found[0].strip()!r}: {advice}"


def main() -> int:
    """Runs every check and returns the exit status."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    names = [path.relative_to(ROOT).as_posix() for path in files if path.suffix in TEXTS and path.is_file()]
    names = [name for name in names if name not in LEFT_OUT]
    violations = [found for name in names for found in violations_of(name, (ROOT / name).read_text(encoding="utf-8"))]
    for violation in violations:
        print(violation)
    if len(names) < 100:
        print(f"check_words: only {len(names)} files seen: is this the whole source tree?")
        return 1
    if not violations:
        print(f"words: {len(names)} files use the words of docs/contributing")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
