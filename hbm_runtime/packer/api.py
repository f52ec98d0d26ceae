"""The packer's front: one call from an ONNX model to a host ``.hbm``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from hbm_runtime.packer.build import build_model
from hbm_runtime.packer.container import HostFile, link_files, write_file
from hbm_runtime.packer.graph.load import Source
from hbm_runtime.packer.options import ModelOptions, Progress


def producer() -> str:
    """What host files say wrote them."""
    try:
        return f"hbm_runtime {version('hbm_runtime')}"
    except PackageNotFoundError:
        return "hbm_runtime"


def pack(
    source: Source,
    output: str | os.PathLike[str],
    options: ModelOptions | None = None,
    *,
    description: str = "",
    progress: Progress | None = None,
) -> HostFile:
    """Packs one ONNX model into a host ``.hbm``. The same input gives the same bytes.

    Args:
        source: An ONNX file, its bytes, or a ``ModelProto``.
        output: The file to write; it appears complete or not at all.
        options: Name, march, inputs, outputs and everything else; None keeps all tensors as the graph declares them.
        description: Text of ``hbDNNGetHBMDesc``.
        progress: Called with a stage and the part that is done.

    Returns:
        What was written.

    Raises:
        PackError: The model or the options cannot be packed, or the file cannot be written.
    """
    options = options or ModelOptions()
    model = build_model(source, options, progress)
    content = HostFile((model,), march=options.march, description=description.encode(), producer=producer())
    if progress is not None:
        progress("writing", 0.95)
    write_file(output, content)
    if progress is not None:
        progress("done", 1.0)
    return content


def link(
    paths: Iterable[str | os.PathLike[str]], output: str | os.PathLike[str], *, description: str | None = None
) -> HostFile:
    """Joins host ``.hbm`` files into one with all their models. Equal graphs and weights are stored once.

    Args:
        paths: Files to join, in the order in which their models shall appear.
        output: The file to write; may be one of ``paths``.
        description: Text of ``hbDNNGetHBMDesc``; None joins the different ones with line breaks.

    Returns:
        What was written.

    Raises:
        PackError: A file is damaged or no host model, model names collide, marches differ, or writing fails.
    """
    return link_files(paths, output, description)
