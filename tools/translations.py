"""Keeps the catalogues of the documentation's translations in step with its text.

``python tools/translations.py update`` takes new and changed paragraphs over into ``docs/locale``, where somebody then
translates them; ``check`` names what the pages in ``complete.txt`` lack. Needs the tools of ``./build.sh docs``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

DOCS = Path(__file__).resolve().parent.parent / "docs"
LANGUAGE = "zh_CN"
FOLDER = DOCS / "locale" / LANGUAGE
COMPLETE = FOLDER / "complete.txt"


def complete_pages() -> list[str]:
    """The pages that must be translated wholly, such as ``guide/images``."""
    lines = COMPLETE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def sources() -> Iterator[tuple[str, Catalog]]:
    """Each page with its paragraphs as Sphinx takes them apart."""
    with tempfile.TemporaryDirectory(prefix="gettext-") as folder:
        command = [sys.executable, "-m", "sphinx", "-q", "-b", "gettext", "-D", "gettext_compact=0"]
        subprocess.run([*command, str(DOCS), folder], check=True)
        for path in sorted(Path(folder).rglob("*.pot")):
            with path.open("rb") as file:
                yield path.relative_to(folder).with_suffix("").as_posix(), read_po(file)


def catalogue(page: str) -> Catalog:
    """The translations of a page; an empty catalogue where there are none."""
    path = FOLDER / "LC_MESSAGES" / f"{page}.po"
    if not path.is_file():
        return Catalog(LANGUAGE)
    with path.open("rb") as file:
        return read_po(file, LANGUAGE)


def untranslated(page: str, source: Catalog) -> list[str]:
    """The paragraphs of a page that have no translation."""
    done = catalogue(page)
    missing = []
    for message in source:
        found = done.get(message.id) if message.id else None
        if has_words(str(message.id)) and (found is None or not found.string or found.fuzzy):
            missing.append(str(message.id))
    return missing


def has_words(text: str) -> bool:
    """Returns True if there is something to translate: figures are the same in every language."""
    return any(character.isalpha() for character in text)


def update() -> None:
    """Rewrites the catalogues that exist, and those of the complete pages."""
    for page, source in sources():
        path = FOLDER / "LC_MESSAGES" / f"{page}.po"
        if not path.is_file() and page not in complete_pages():
            continue
        old, new = catalogue(page), Catalog(LANGUAGE, fuzzy=False)
        for message in source:
            if has_words(str(message.id)):
                found = old.get(message.id)
                new.add(message.id, found.string if found is not None and not found.fuzzy else "")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, new, omit_header=False, width=0, no_location=True)
        text = path.read_text(encoding="utf-8").split("\n\n", 1)[1]
        header = 'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        path.write_text(header + text, encoding="utf-8")


def check() -> int:
    """Names the paragraphs that the complete pages lack; returns the exit code."""
    found = dict(sources())
    problems = [
        f"docs/{page}.md is in complete.txt, but there is no such page"
        for page in complete_pages()
        if page not in found
    ]
    for page in complete_pages():
        problems += [f"{page}: not translated: {text!r}" for text in untranslated(page, found.get(page, Catalog()))]
    print("\n".join(problems) or f"translations: {len(complete_pages())} pages are complete")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["update"]:
        update()
    elif sys.argv[1:] == ["check"]:
        sys.exit(check())
    else:
        sys.exit(__doc__)
