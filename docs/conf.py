"""Settings of the documentation: `./build.sh docs` builds it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from sphinx.ext import napoleon
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.search.zh import SearchChinese

_pyproject = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
_version = re.search(r'^version = "([^"]+)"', _pyproject, re.MULTILINE)
assert _version is not None

project = "hbm_runtime"
author = "the hbm_runtime authors"
copyright = author  # noqa: A001  (the name that Sphinx reads)
release = version = _version.group(1)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "locale"]

# `./build.sh docs` builds the pages once for each language; tools/translations.py keeps the catalogues in step.
locale_dirs = ["locale"]
gettext_compact = False
templates_path = ["_templates"]

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": True}
autodoc_typehints = "description"
autodoc_mock_imports = ["cv2"]  # hbm_runtime.vision asks for it; reading its docstrings does not
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False

# `Model.run` in a docstring is a link where that name is documented, and code where it is not.
default_role = "py:obj"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
# The switch stands only where both languages are built.
if tags.has("bilingual"):  # type: ignore[name-defined] # noqa: F821 (Sphinx gives it)
    html_sidebars = {
        "**": [
            "sidebar/brand.html",
            "sidebar/language.html",
            "sidebar/search.html",
            "sidebar/scroll-start.html",
            "sidebar/navigation.html",
            "sidebar/scroll-end.html",
        ]
    }
html_title = f"hbm_runtime {release}"
# Fields of NamedTuples are members and stand in the docstring, too.
napoleon_use_ivar = True


def _join_overloads(_app: object, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """pybind11 repeats the text of overloads for each signature; here it follows the list of signatures once."""
    if "Overloaded function." not in lines:
        return
    parts = re.split(r"^\d+\. (.+)$", "\n".join(lines), flags=re.MULTILINE)
    texts = list(dict.fromkeys(text.strip() for text in parts[2::2]))
    lines[:] = [f"| ``{signature}``" for signature in parts[1::2]]
    for text in texts:
        lines += ["", *text.splitlines()]


class _PlainText(GoogleDocstring):
    """Napoleon takes what stands before the first colon of an attribute or a result for its type.

    Types stand in annotations here, and text has colons.
    """

    def _consume_inline_attribute(self) -> tuple[str, list[str]]:
        return "", self.__class__(self._dedent(self._consume_to_end()), self._config).lines()

    def _consume_returns_section(self, preprocess_types: bool = False) -> list[tuple[str, str, list[str]]]:  # noqa: ARG002
        lines = self._dedent(self._consume_to_next_section())
        return [("", "", self.__class__(lines, self._config).lines())] if lines else []


def _without_pages_of_the_extension(_app: object, env: Any) -> None:
    """The index of viewcode lists modules whose source it did not find, but they have no page."""
    env._viewcode_modules = {name: entry for name, entry in env._viewcode_modules.items() if entry}


def _source_of(cls: type, name: str, *default: Any) -> Any:
    """Public classes call `hbm_runtime` their module; the order of their members is in the file that defines them."""
    found = getattr(cls, name, *default)
    if name != "__module__" or found != "hbm_runtime":
        return found
    return next((value.__module__ for value in vars(cls).values() if inspect.isfunction(value)), found)


# Sphinx takes the English stemmer for Chinese pages, for English words in them, but calls it by the language's name;
# the script of the search then ends with "ChineseStemmer is not defined".
SearchChinese.language_name = "English"


def setup(app: Any) -> None:
    """Sphinx calls this. The priority puts it before napoleon, which reads the sections of the text."""
    napoleon.GoogleDocstring = _PlainText  # type: ignore[attr-defined] # where napoleon looks it up
    app.connect("autodoc-process-docstring", _join_overloads, priority=400)
    app.connect("env-check-consistency", _without_pages_of_the_extension)
    app.add_autodoc_attrgetter(type, _source_of)
