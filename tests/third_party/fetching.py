"""Where a client of another project is, and how it comes there: out of a wheel that is pinned by its hash.

``python -m third_party.fetching FOLDER`` fetches it. It is only run here; no part of it is in this project,
whose licence it does not share.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hbm_runtime.demo.assets import Wheel, exit_code_of, unpack

CHOSEN = os.environ.get("HBM_RUNTIME_THIRD_PARTY")
_WHEEL = Wheel(
    "ultralytics==8.4.190", "bd309728efa168af64d39040136828edd2dbcb4aeceb4510bdff4f3ca0ea01b8", "any"
)  # fmt: skip
_MEMBER = "ultralytics/utils/triton.py"


def downloads() -> Path:
    """Where ``./build.sh test`` leaves it, or where a variable says."""
    return Path(CHOSEN) if CHOSEN else Path(__file__).parents[2] / "demo-output" / "downloads"


def ultralytics_client(folder: Path) -> Path:
    """Where Ultralytics' client for Triton is kept."""
    return folder / "third_party" / "ultralytics_triton.py"


def main(folder: Path) -> int:
    """Fetches it; returns the exit code."""
    return exit_code_of(lambda: unpack(_WHEEL, _MEMBER, ultralytics_client(folder), folder))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
