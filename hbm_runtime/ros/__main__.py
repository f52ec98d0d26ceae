"""Starts the node."""

from __future__ import annotations

from hbm_runtime.ros.program import main

if __name__ == "__main__":
    main()
