"""The names in annotations of methods, which their modules import for type checkers only: importing us stays cheap."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any


def fill_in(function: Any) -> None:
    """Makes the annotations of a function ones that `typing.get_type_hints` resolves."""
    known = function.__globals__
    with suppress(OSError):  # installed without its source
        for statement in _for_type_checkers(ast.parse(inspect.getsource(sys.modules[known["__name__"]]))):
            _import(statement, known)


def _for_type_checkers(module: ast.Module) -> Iterator[ast.ImportFrom]:
    for block in module.body:
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            yield from (each for each in ast.walk(block) if isinstance(each, ast.ImportFrom))


def _import(statement: ast.ImportFrom, known: dict[str, Any]) -> None:
    home = "." * statement.level + (statement.module or "")
    for name in statement.names:
        with suppress(ImportError, AttributeError):  # such as `Self` of a later Python
            value = getattr(import_module(home, known["__package__"]), name.name)
            known.setdefault(name.asname or name.name, value)
