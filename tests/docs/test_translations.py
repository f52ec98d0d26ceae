"""The pages that are said to be translated are so wholly, and the Chinese README shows the same programs."""

from __future__ import annotations

import importlib.util
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("babel", reason="the documentation's tools are not installed")
pytest.importorskip("furo", reason="the documentation's tools are not installed")

from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
THEME = Path(sys.modules["furo"].__file__ or "").parent / "theme" / "furo"
_spec = importlib.util.spec_from_file_location("translations", ROOT / "tools" / "translations.py")
assert _spec is not None
assert _spec.loader is not None
translations: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(translations)


def test_the_complete_pages_are_complete() -> None:
    command = [sys.executable, str(ROOT / "tools" / "translations.py"), "check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout}\nrun tools/translations.py update, and translate what is new"
    assert len(translations.complete_pages()) >= 4


def test_a_new_paragraph_is_noticed() -> None:
    page = translations.complete_pages()[0]
    source = Catalog()
    known = next(message.id for message in translations.catalogue(page) if message.id)
    source.add(known)
    source.add("A paragraph that nobody has translated.")
    source.add("**1.07**")  # nothing to translate
    assert translations.untranslated(page, source) == ["A paragraph that nobody has translated."]


def test_translations_keep_code_and_links() -> None:
    """What stands between backticks, and where links lead, is the same in both languages."""
    found = []
    for page in translations.complete_pages():
        for message in translations.catalogue(page):
            if not message.id:
                continue
            pair = str(message.id), str(message.string)
            links = [sorted(re.findall(r"\]\(([^)]*)\)", text)) for text in pair]
            codes = [sorted(re.findall(r"`+([^`]+)`+", text)) for text in pair]
            if links[0] != links[1] or codes[0] != codes[1]:
                found.append(f"{page}: {message.id!r}: {message.string!r}")
    assert found == []


def test_both_readmes_have_the_same_programs() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]
    programs = [re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) for text in texts]
    assert programs[0] == programs[1] != []


def test_the_search_of_chinese_pages_finds_its_stemmer() -> None:
    """Its script is named for the language; with another name the search page ends with a ReferenceError."""
    zh = pytest.importorskip("sphinx.search.zh", reason="Sphinx is not installed")
    runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "conf.py"), {"tags": SimpleNamespace(has=bool)})
    assert zh.SearchChinese.js_stemmer_rawcode == f"{zh.SearchChinese.language_name.lower()}-stemmer.js"


def test_what_the_theme_says_is_translated_too() -> None:
    """Sphinx looks for these words in ``sphinx.po``; a theme that words them otherwise would be English again."""
    said = translations.catalogue("sphinx")
    texts = "\n".join(path.read_text(encoding="utf-8") for path in THEME.rglob("*.html"))
    assert {"Next", "Previous", "On this page"} <= {message.id for message in said}
    for message in said:
        assert not message.id or (message.string and str(message.id) in texts)
