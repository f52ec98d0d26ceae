"""The files of tests/typing, which type checkers read as a user's program, use everything that is public."""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import inspect
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "typing"
TREES = [ast.parse(path.read_text(encoding="utf-8"), path.name) for path in sorted(FOLDER.glob("*.py"))]
USED = {node.attr for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | {
    node.id for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Name)
}
MODULES = [
    "hbm_runtime",
    "hbm_runtime.compare",
    "hbm_runtime.encryption",
    "hbm_runtime.image",
    "hbm_runtime.packer",
    "hbm_runtime.samples",
    "hbm_runtime.testing",
    "hbm_runtime.vision",
]
# Values that the packer takes by keyword or gives back, whose fields are no calls.
PLAIN_VALUES = {"hbm_runtime.packer", "hbm_runtime.compare", "hbm_runtime.samples"}


def refuses(member: object) -> bool:
    """Returns True if it is there only to refuse what a base class would do."""
    return "NoReturn" in str(getattr(member, "__annotations__", {}).get("return", ""))


def public_members(cls: type) -> set[str]:
    """What a user can reach on an object: methods, properties and fields that this package gives it."""
    members: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.split(".")[0] == "hbm_runtime" and not issubclass(base, enum.Enum):
            members |= {name for name, value in vars(base).items() if not name.startswith("_") and not refuses(value)}
            if dataclasses.is_dataclass(base):
                members |= {field.name for field in dataclasses.fields(base) if not field.name.startswith("_")}
            members |= {name for name in inspect.get_annotations(base) if not name.startswith("_")}
    return members


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_used(name: str) -> None:
    module = importlib.import_module(name)
    assert len(module.__all__) > 3
    assert sorted(set(module.__all__) - USED) == []


@pytest.mark.parametrize("name", sorted(set(MODULES) - PLAIN_VALUES))
def test_every_public_member_of_a_class_is_used(name: str) -> None:
    module = importlib.import_module(name)
    classes = [value for value in (getattr(module, each) for each in module.__all__) if inspect.isclass(value)]
    missing = {cls.__name__: sorted(public_members(cls) - USED) for cls in classes}
    assert {cls: members for cls, members in missing.items() if members} == {}


def test_members_are_found_where_users_see_them() -> None:
    """A check of the check: inherited methods of the extension's base class, slots, fields."""
    runtime = importlib.import_module("hbm_runtime")
    assert {"run", "run_async", "input_names", "memory_info"} <= public_members(runtime.HB_HBMRuntime)
    assert {"shape", "np_dtype"} <= public_members(runtime.TensorInfo)
    assert {"status_name", "tensor"} <= public_members(runtime.InputError)
