"""Writes the models of the conformance suite: ``conformance_models.py FOLDER``.

Small graphs whose results everyone can compute in their head, as ONNX files and as host ``.hbm`` files.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
# The package's front imports the compiled extension; the packer below it does not need it.
_package = types.ModuleType("hbm_runtime")
_package.__path__ = [str(ROOT / "hbm_runtime")]
sys.modules.setdefault("hbm_runtime", _package)

from hbm_runtime.packer import container  # noqa: E402
from hbm_runtime.packer.container import (  # noqa: E402
    DataType,
    HostFile,
    Model,
    Operation,
    Quantisation,
    QuantisationType,
    Tensor,
)

Shape = Sequence[int | str | None]

TYPES = {
    "S8": TensorProto.INT8,
    "U8": TensorProto.UINT8,
    "F16": TensorProto.FLOAT16,
    "S16": TensorProto.INT16,
    "U16": TensorProto.UINT16,
    "F32": TensorProto.FLOAT,
    "S32": TensorProto.INT32,
    "U32": TensorProto.UINT32,
    "F64": TensorProto.DOUBLE,
    "S64": TensorProto.INT64,
    "U64": TensorProto.UINT64,
    "BOOL8": TensorProto.BOOL,
}


def value(name: str, shape: Shape | None, kind: int = TensorProto.FLOAT, description: str = "") -> onnx.ValueInfoProto:
    """A graph's input or output."""
    return helper.make_tensor_value_info(name, kind, shape, doc_string=description)


def graph_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: dict[str, np.ndarray] | None = None,
    name: str = "graph",
) -> onnx.ModelProto:
    """A model with opset 17 that every engine in use knows."""
    initializers = [numpy_helper.from_array(array, key) for key, array in (constants or {}).items()]
    graph = helper.make_graph(list(nodes), name, list(inputs), list(outputs), initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="test")


def affine(shape: Shape, factor: float = 2.0, offset: float = 1.0, name: str = "graph") -> onnx.ModelProto:
    """y = x * factor + offset in float."""
    return graph_of(
        [helper.make_node("Mul", ["x", "f"], ["t"], "mul"), helper.make_node("Add", ["t", "o"], ["y"], "add")],
        [value("x", shape)],
        [value("y", shape)],
        {"f": np.float32(factor), "o": np.float32(offset)},
        name,
    )


def doubling(kind: str) -> onnx.ModelProto:
    """y = x * 2 in the given type; for BOOL8 y = not x."""
    ends = [value("x", (2, 3), TYPES[kind])], [value("y", (2, 3), TYPES[kind])]
    if kind == "BOOL8":
        return graph_of([helper.make_node("Not", ["x"], ["y"])], *ends)
    return graph_of(
        [
            helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE),
            helper.make_node("Mul", ["wide", "two"], ["more"]),
            helper.make_node("Cast", ["more"], ["y"], to=TYPES[kind]),
        ],
        *ends,
        {"two": np.float64(2)},
    )


def onnx_models() -> dict[str, onnx.ModelProto]:
    """All ONNX files by stem."""
    return {"affine": affine((1, 3, 4)), **{f"double_{kind}": doubling(kind) for kind in TYPES}}


def main() -> None:
    """Writes everything into the folder of the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for stem, model in onnx_models().items():
        (folder / f"{stem}.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
