"""What can be said of a board's model on a machine that cannot load it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

TOOL = "hb_model_info"
_SECONDS = 120


def vendor_text(path: Path) -> str | None:
    """What the vendor's own tool prints about a file; None where it is not installed or fails."""
    tool = shutil.which(TOOL)
    if tool is None:
        return None
    done = subprocess.run([tool, str(path)], capture_output=True, text=True, timeout=_SECONDS, check=False)
    return done.stdout.rstrip() if done.returncode == 0 else None


def how_to_get_a_sidecar(path: Path) -> str:
    """What to do to see a board's model here."""
    return (
        "To see here what it takes and gives, run on a board\n"
        f"    hbm-runtime model_info {path.name} --json > {path.name}.json\n"
        f"and put that file beside it; or install the vendor's toolchain, whose {TOOL} is used where it is found."
    )
