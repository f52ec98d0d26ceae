"""The host model container: a ``.hbm`` file for bpusim.

The format is written down in docs/internals/host-model-format.md; this package and bpusim's reader follow it
independently of each other.
"""

from __future__ import annotations

from hbm_runtime.packer.container.content import (
    DYNAMIC,
    Blob,
    HostFile,
    Model,
    Operation,
    Quantisation,
    QuantisationType,
    Tensor,
)
from hbm_runtime.packer.container.file import (
    is_host_model,
    read_bytes,
    read_file,
    to_bytes,
    write_file,
)
from hbm_runtime.packer.container.link import link_content, link_files
from hbm_runtime.packer.container.tensor_types import DataType

__all__ = [
    "DYNAMIC",
    "Blob",
    "DataType",
    "HostFile",
    "Model",
    "Operation",
    "Quantisation",
    "QuantisationType",
    "Tensor",
    "is_host_model",
    "link_content",
    "link_files",
    "read_bytes",
    "read_file",
    "to_bytes",
    "write_file",
]
