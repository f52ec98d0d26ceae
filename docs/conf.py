"""Settings of the documentation: `./build.sh docs` builds it."""

from __future__ import annotations

import re
from pathlib import Path

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
exclude_patterns = ["_build"]

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": True}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"hbm_runtime {release}"
