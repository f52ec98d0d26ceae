"""ONNX models that are rewritten in memory before they are loaded, as packing rewrites them."""

from __future__ import annotations

import os
from typing import Any

from .._errors import InputError, MissingPackageError
from .sources import Sources


def rewritten(sources: Sources) -> Sources:
    """Gives the same models in memory, ONNX ones with quantised layers that engines compute in integers.

    What is no ONNX model, and what is missing, is for the driver to judge.

    Raises:
        InputError: A model cannot be rewritten.
        MissingPackageError: The packages of the extra `tools` are not installed.
    """
    if sources.in_memory:
        return Sources(sources.keys, [_rewritten_buffer(buffer) for buffer in sources.buffers])
    if not all(os.path.isfile(key) for key in sources.keys) or not any(map(_is_onnx, sources.keys)):
        return sources
    return Sources(sources.keys, [_rewritten_file(key) for key in sources.keys])


def _is_onnx(path: str) -> bool:
    return path.endswith(".onnx")


def _rewritten_file(path: str) -> bytes:
    if _is_onnx(path):
        return _packed(path)
    with open(path, "rb") as file:
        return file.read()


def _rewritten_buffer(buffer: Any) -> Any:
    data = bytes(buffer)
    # Host models, compiled and encrypted ones begin with names of their formats; an ONNX model with its IR version.
    return _packed(data) if data[:1] == b"\x08" else buffer


def _packed(source: str | bytes) -> bytes:
    try:
        from ..packer.in_memory import rewritten_model  # noqa: PLC0415 (its packages are in an extra)
    except ImportError as error:
        raise MissingPackageError(f"rewrite=True: {error}") from error
    from ..packer.errors import PackError  # noqa: PLC0415

    try:
        return rewritten_model(source)
    except PackError as error:
        raise InputError(f"rewrite=True cannot rewrite the model: {error}; leave it out") from error
