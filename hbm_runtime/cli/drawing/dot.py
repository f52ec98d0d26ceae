"""Graphs in the language of Graphviz, and drawn by its program where that is installed."""

from __future__ import annotations

import shutil
import subprocess
from html import escape

from hbm_runtime.cli.drawing.model_graph import Kind, ModelGraph, Node
from hbm_runtime.cli.errors import CommandError

_STYLES = {
    Kind.INPUT: 'shape=box style="rounded,filled" fillcolor="#d8ecd8" color="#4c8c4c"',
    Kind.OUTPUT: 'shape=box style="rounded,filled" fillcolor="#f7dcd2" color="#b5603d"',
    Kind.OPERATION: 'shape=box style=filled fillcolor="#e3e9f3" color="#5a739c"',
    Kind.SUMMARY: 'shape=box style=filled fillcolor="#e3e9f3" color="#5a739c"',
}
_PATIENCE = 120.0
"""Seconds; graphs have at most some hundred nodes."""


def dot_text(graph: ModelGraph) -> str:
    """Returns a graph as DOT text, with the class and the title of each node."""
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        f'  graph [label={_quoted(graph.name)} labelloc=t fontname="monospace"]',
        '  node [fontname="monospace" fontsize=12]',
        '  edge [color="#777777" arrowsize=0.7]',
    ]
    lines += [f"  n{index} [{_attributes(node)}]" for index, node in enumerate(graph.nodes)]
    lines += [f"  n{source} -> n{target}" for source, target in graph.edges]
    return "\n".join([*lines, "}", ""])


def can_draw() -> bool:
    """Returns True if Graphviz is installed."""
    return shutil.which("dot") is not None


def draw_svg(graph: ModelGraph) -> str:
    """Returns a graph as the text of an SVG file.

    Raises:
        CommandError: Graphviz is not installed, or fails.
    """
    program = shutil.which("dot")
    if program is None:
        raise CommandError(
            "drawing an .svg needs Graphviz's program dot, which is not installed: apt-get install graphviz; or name a "
            "file that ends in .dot, which needs nothing"
        )
    try:
        done = subprocess.run(
            [program, "-Tsvg"], input=dot_text(graph), capture_output=True, encoding="utf-8", errors="replace",
            timeout=_PATIENCE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"{program} could not draw the model: {error}; name a file that ends in .dot") from None
    if done.returncode != 0:
        reason = done.stderr.strip() or f"it ended with {done.returncode}"
        raise CommandError(f"{program} could not draw the model: {reason}; name a file that ends in .dot")
    return done.stdout


def html_of(graph: ModelGraph) -> str:
    """Returns a graph as a part of a page: drawn where Graphviz is installed, else as a list."""
    if can_draw():
        drawing = draw_svg(graph)
        return drawing[drawing.find("<svg") :]
    rows = [f"{node.kind.value:9}  {'  '.join(map(_printable, node.lines))}" for node in graph.nodes]
    return f"<pre>{escape(chr(10).join(rows))}</pre><p>Where Graphviz is installed, the model is drawn.</p>"


def _attributes(node: Node) -> str:
    label = "\\n".join(_escaped(line) for line in node.lines)
    return f'class={node.kind.value} label="{label}" tooltip={_quoted(node.title)} {_STYLES[node.kind]}'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    # Graphviz reads backslashes and the entities of HTML in quoted text.
    return _printable(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
