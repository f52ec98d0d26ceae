"""Packs ONNX models into host ``.hbm`` files, which bpusim runs on any PC.

``pack()`` writes a file from one model, ``build_model()`` and ``write_file()`` put several into one, ``link()`` joins
files. Nothing here needs the compiled part of the package. All functions may be called from any thread.
"""

from __future__ import annotations

try:
    import onnx  # noqa: F401
    import xxhash  # noqa: F401
    import yaml  # noqa: F401
except ImportError as error:
    from hbm_runtime._installing import how_to_install

    advice = how_to_install("tools", str(error.name))
    raise ImportError(f"packing needs {error.name}; install what it needs with: {advice}") from error

from hbm_runtime.packer.api import link, pack, pack_config
from hbm_runtime.packer.build import build_model
from hbm_runtime.packer.config import PackJob, load_config
from hbm_runtime.packer.container import (
    DataType,
    HostFile,
    Model,
    Quantisation,
    QuantisationType,
    Tensor,
    is_host_model,
    read_file,
    write_file,
)
from hbm_runtime.packer.errors import PackError, PackWarning
from hbm_runtime.packer.options import (
    FeatureInput,
    ImageInput,
    ImageRules,
    ImageType,
    InputSource,
    ModelOptions,
    Quantise,
    Rewriting,
    TensorOptions,
    UnsignedActivations,
)

__all__ = [
    "DataType",
    "FeatureInput",
    "HostFile",
    "ImageInput",
    "ImageRules",
    "ImageType",
    "InputSource",
    "Model",
    "ModelOptions",
    "PackError",
    "PackJob",
    "PackWarning",
    "Quantisation",
    "QuantisationType",
    "Quantise",
    "Rewriting",
    "Tensor",
    "TensorOptions",
    "UnsignedActivations",
    "build_model",
    "is_host_model",
    "link",
    "load_config",
    "pack",
    "pack_config",
    "read_file",
    "write_file",
]
