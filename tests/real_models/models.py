"""All trained models that the product is tried with."""

from __future__ import annotations

from .catalogue import RealModel
from .sound import SOUND
from .vision_and_text import VISION_AND_TEXT

MODELS: tuple[RealModel, ...] = (*VISION_AND_TEXT, *SOUND)
