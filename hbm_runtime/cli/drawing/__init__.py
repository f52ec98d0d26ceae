"""Drawings of models: what goes in, what is computed, what comes out."""

from __future__ import annotations

from hbm_runtime.cli.drawing.model_graph import describe_graph
from hbm_runtime.cli.drawing.svg import draw_svg

__all__ = ["describe_graph", "draw_svg"]
