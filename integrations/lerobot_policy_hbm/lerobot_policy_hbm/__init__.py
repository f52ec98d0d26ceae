"""ACT policies of LeRobot on two ``.hbm`` models. LeRobot imports this package and then knows the type ``hbm``."""

from __future__ import annotations

from .configuration_hbm import HbmConfig

__version__ = "1.0.0"
__all__ = ["HbmConfig"]
