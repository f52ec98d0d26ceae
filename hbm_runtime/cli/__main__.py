"""``python -m hbm_runtime.cli``: the program ``hbm-runtime``."""

from __future__ import annotations

import sys

from hbm_runtime.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
