"""Prints a table of the trained models: what they take, and whether each file gives the same as ONNX Runtime.

``PYTHONPATH=tests python -m real_models``; models that are not there are fetched.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

from differential.variants import SHORT

from .catalogue import RealModel
from .checking import differences, expected
from .fetching import downloads, main, path_of
from .models import MODELS


def _row(model: RealModel, path: Path) -> tuple[str, list[str]]:
    cells, found = [], []
    for variant in SHORT:
        with tempfile.TemporaryDirectory(prefix="real-models-") as folder:
            try:
                texts = differences(path, variant, Path(folder), [*expected(model, path)])
            except Exception as error:
                texts = [f"{type(error).__name__}: {error}"]
        cells.append("no" if texts else "yes")
        found += [f"{model.name}, {variant.name}: {text}" for text in texts[:3]]
    first = model.arrays(0)
    inputs = ", ".join(f"{array.dtype}{list(array.shape)}" for array in first.values())
    calls = f"{len(model.sizes)}{' with state' if model.state else ''}"
    return f"| {model.name} | {model.kind} | {inputs} | {calls} | {' | '.join(cells)} |", found


def table() -> int:
    """Prints it; 0 when everything is equal."""
    logging.disable(logging.CRITICAL)
    folder = downloads()
    if main(folder):
        return 1
    print(f"| model | kind | inputs of the first call | calls | {' | '.join(variant.name for variant in SHORT)} |")
    print("|" + "---|" * (4 + len(SHORT)))
    found = []
    for model in MODELS:
        line, texts = _row(model, path_of(model, folder))
        print(line, flush=True)
        found += texts
    print("\n".join(["", *found]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(table())
