"""The program ``hbm-runtime``.

``program`` finds the command and turns errors into exit codes; ``commands`` has one module for each command, which is
imported when it is needed. The other modules are what several commands share.
"""

from __future__ import annotations

from hbm_runtime.cli.program import main

__all__ = ["main"]
