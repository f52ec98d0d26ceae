"""The ONNX graphs behind loaded models, where their files have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbm_runtime.cli.models import LoadedModels

if TYPE_CHECKING:
    from onnx import GraphProto


def find_onnx_graph(models: LoadedModels, name: str) -> tuple[GraphProto, dict[str, str]] | None:
    """The ONNX graph of a model and its names for the model's tensors; None where the files have none."""
    try:
        import onnx  # noqa: PLC0415 (in an extra)

        from hbm_runtime.packer import is_host_model, read_file  # noqa: PLC0415
    except ImportError:
        return None
    for file in map(Path, models.files):
        if file.suffix == ".onnx" and file.stem == name:
            return onnx.load(file, load_external_data=False).graph, {}
        if is_host_model(file):
            for packed in read_file(file).models:
                if packed.name == name:
                    proto: Any = onnx.load_model_from_string(bytes(packed.graph))
                    return proto.graph, {tensor.name: tensor.graph_name for tensor in packed.inputs + packed.outputs}
    return None
