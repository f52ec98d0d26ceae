"""The check of words finds what it is there for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("check_words", ROOT / "tools" / "check_words.py")
assert _spec is not None
assert _spec.loader is not None
check_words: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(check_words)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.py", '    """Whether it is loaded."""'),
        ("a.py", '    """Tells whether it is loaded."""'),
        ("a.hpp", "// Waits for the end. Whether it has come."),
        ("a.py", "        name: Of the model."),
        ("a.py", '"""Of the finite elements."""'),
        ("a.md", "Each drop is told to `on_drop`."),
        ("a.py", "def test_mistakes_are_told() -> None:"),
        ("a.cpp", "// Wakes who waits for a change of the state."),
        ("a.md", "The caller keeps his arrays."),
        ("a.cpp", '    "Cure: load it again"'),
        ("a.cpp", "constexpr int kMostTasks = 32;"),
        ("a.py", "from .writing import atomic_write"),
        ("a.cpp", "struct OutputWish {"),
    ],
)
def test_a_word_that_is_not_used_is_found(name: str, line: str) -> None:
    assert [found.split(":")[:2] for found in check_words.violations_of(name, f"\n{line}\n")] == [[name, "2"]]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.md", "Whether a model fits is decided when it is loaded."),
        ("a.py", '    """Returns True if it is loaded, whether it is used or not."""'),
        ("a.py", "        kind: What of it is used. Of several the first."),
        ("a.py", "secure = hello.the.cures_of"),
    ],
)
def test_other_words_are_not(name: str, line: str) -> None:
    assert list(check_words.violations_of(name, line)) == []


def test_the_tree_uses_its_words() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "check_words.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
