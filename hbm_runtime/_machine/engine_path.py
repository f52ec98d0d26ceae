"""Tells bpusim where this environment's ONNX Runtime is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from .. import _core


def announce_engine() -> None:
    """Passes the folder of onnxruntime's library to the driver, without importing onnxruntime.

    A search relative to bpusim's own library fails in editable installs and where packages are spread over several
    site-packages; Python knows. Other drivers than bpusim ignore it.
    """
    try:
        spec = importlib.util.find_spec("onnxruntime")
    except (ImportError, ValueError):
        return
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / "capi"
        if folder.is_dir():
            _core.set_engine_path(str(folder))
            return
