"""Drawings of models: what goes in, what is computed, what comes out."""

from __future__ import annotations

from hbm_runtime.cli.drawing.dot import dot_text, draw_svg, html_of
from hbm_runtime.cli.drawing.model_graph import describe_graph

__all__ = ["describe_graph", "dot_text", "draw_svg", "html_of"]
