"""Sets the path of this environment's ONNX Runtime for bpusim."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec

from .. import _core


def announce_engine() -> None:
    """Passes the folder of onnxruntime's library to the driver, without importing onnxruntime.

    A search relative to bpusim's own library fails in editable installs and where packages are spread over several
    site-packages; Python knows. Other drivers than bpusim ignore it.
    """
    try:
        spec = _spec_of("onnxruntime")
    except (ImportError, ValueError):
        return
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = os.path.join(location, "capi")
        if os.path.isdir(folder):
            _core.set_engine_path(folder)
            return


def _spec_of(package: str) -> ModuleSpec | None:
    """Does what `importlib.util.find_spec` does, which takes longer to import than to call."""
    if package in sys.modules:
        return sys.modules[package].__spec__
    for finder in sys.meta_path:
        if (find := getattr(finder, "find_spec", None)) is not None and (spec := find(package, None)) is not None:
            return spec  # type: ignore[no-any-return] # what Python itself relies on
    return None
