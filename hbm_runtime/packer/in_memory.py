"""Models that are rewritten for the processor at hand and loaded at once, without a file."""

from __future__ import annotations

from hbm_runtime.packer.build import build_model
from hbm_runtime.packer.container import HostFile, to_bytes
from hbm_runtime.packer.options import ModelOptions
from hbm_runtime.packer.version import producer


def rewritten_model(source: str | bytes) -> bytes:
    """Gives the bytes of a host model that computes what an ONNX model does, with its quantised layers rewritten.

    The engine does not try it here, as it is about to be loaded.

    Args:
        source: An ONNX file, or its bytes.

    Raises:
        PackError: The model cannot be packed.
    """
    model = build_model(source, ModelOptions(check_operators=False))
    return to_bytes(HostFile((model,), producer=producer()))
