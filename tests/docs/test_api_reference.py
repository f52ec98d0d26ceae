"""The API reference names everything that is public."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import hbm_runtime

API = Path(__file__).resolve().parents[2] / "docs" / "api"
MODULES = ["image", "encryption", "testing", "packer", "compare", "samples", "vision"]


def entries(page: str, directive: str) -> set[str]:
    """What a page shows by autoclass, autofunction or automodule."""
    return set(re.findall(rf"^\.\. auto{directive}:: (\S+)$", (API / page).read_text(encoding="utf-8"), re.MULTILINE))


def test_every_name_of_the_package_is_in_the_reference() -> None:
    shown = entries("python.md", "(?:class|function|exception)")
    assert shown == {f"hbm_runtime.{name}" for name in hbm_runtime.__all__ if name not in {"__version__", *MODULES}}


def test_every_public_module_is_in_the_reference() -> None:
    assert entries("python-modules.md", "module") == {f"hbm_runtime.{name}" for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_offers_is_documented(name: str) -> None:
    module = importlib.import_module(f"hbm_runtime.{name}")
    undocumented = [each for each in module.__all__ if not (getattr(module, each).__doc__ or "").strip()]
    assert module.__doc__
    assert undocumented == []
