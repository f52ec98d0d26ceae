"""Writes the models of the conformance suite: ``conformance_models.py FOLDER``.

Small graphs whose results everyone can compute in their head, as ONNX files and as host ``.hbm`` files, and files that
no driver may accept.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.conformance_host_files import write_host_models

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
FLOAT = TensorProto.FLOAT


def value(name: str, shape: Shape | None, kind: int = FLOAT, description: str = "") -> onnx.ValueInfoProto:
    """A graph's input or output; without a shape when that is None."""
    return helper.make_tensor_value_info(name, kind, shape, doc_string=description)


def graph_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Mapping[str, npt.ArrayLike] | None = None,
    name: str = "graph",
) -> onnx.ModelProto:
    """A model with an opset that every engine in use knows."""
    initializers = [numpy_helper.from_array(np.asarray(array), key) for key, array in (constants or {}).items()]
    graph = helper.make_graph(list(nodes), name, list(inputs), list(outputs), initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="test")


def affine(shape: Shape, name: str = "graph") -> onnx.ModelProto:
    """y = x * 2 + 1 in float."""
    return graph_of(
        [helper.make_node("Mul", ["x", "f"], ["t"], "mul"), helper.make_node("Add", ["t", "o"], ["y"], "add")],
        [value("x", shape, description="what goes in")],
        [value("y", shape, description="what comes out")],
        {"f": np.float32(2), "o": np.float32(1)},
        name,
    )


def doubling(kind: str) -> onnx.ModelProto:
    """y = x * 2 in the given type; for BOOL8 y = not x."""
    ends = [value("x", (2, 3), TYPES[kind])], [value("y", (2, 3), TYPES[kind])]
    if kind == "BOOL8":
        return graph_of([helper.make_node("Not", ["x"], ["y"])], *ends)
    if kind in {"S64", "U64"}:
        return graph_of([helper.make_node("Add", ["x", "x"], ["y"])], *ends)
    return graph_of(
        [
            helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE),
            helper.make_node("Mul", ["wide", "two"], ["more"]),
            helper.make_node("Cast", ["more"], ["y"], to=TYPES[kind]),
        ],
        *ends,
        {"two": np.float64(2)},
    )


def dynamic_models() -> dict[str, onnx.ModelProto]:
    """Models whose shapes the caller or the data decides."""
    reshape = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    return {
        "dynamic": affine(("batch", 3)),
        "dynamic_image": affine((1, "height", "width")),
        "nonzero": graph_of(
            [helper.make_node("NonZero", ["x"], ["y"])], [value("x", (6,))], [value("y", (1, "count"), TYPES["S64"])]
        ),
        "unknown_rank": graph_of(
            reshape, [value("x", (6,)), value("shape", ("rank",), TYPES["S64"])], [value("y", None)]
        ),
        "reshape": graph_of(
            reshape, [value("x", (6,)), value("shape", (2,), TYPES["S64"])], [value("y", ("rows", "columns"))]
        ),
        "wrong_shape": graph_of([helper.make_node("Neg", ["x"], ["y"])], [value("x", ("n",))], [value("y", (3,))]),
        "input_is_output": graph_of(
            [helper.make_node("Neg", ["x"], ["y"])], [value("x", (6,))], [value("y", (6,)), value("x", (6,))]
        ),
        "concat": graph_of(
            [helper.make_node("Concat", ["a", "b"], ["y"], axis=0)],
            [value("a", ("n",)), value("b", ("m",))],
            [value("y", ("sum",))],
        ),
    }


def refused_models() -> dict[str, onnx.ModelProto]:
    """Valid ONNX that no tensor of the driver can express, or that the engine does not know."""
    too_new = affine((1,))
    too_new.ir_version = 999
    sequence = helper.make_tensor_sequence_value_info("y", FLOAT, (2,))
    return {
        "refused_string": graph_of(
            [helper.make_node("Identity", ["x"], ["y"])],
            [value("x", (2,), TensorProto.STRING)],
            [value("y", (2,), TensorProto.STRING)],
        ),
        "refused_bfloat16": graph_of(
            [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.BFLOAT16)],
            [value("x", (2,))],
            [value("y", (2,), TensorProto.BFLOAT16)],
        ),
        "refused_sequence": graph_of(
            [helper.make_node("SequenceConstruct", ["x"], ["y"])], [value("x", (2,))], [sequence]
        ),
        "refused_rank": affine((1,) * 11),
        "refused_no_shape": graph_of([helper.make_node("Relu", ["x"], ["y"])], [value("x", None)], [value("y", None)]),
        "refused_version": too_new,
        "refused_operator": graph_of(
            [helper.make_node("NoSuchOperator", ["x"], ["y"])], [value("x", (2,))], [value("y", (2,))]
        ),
    }


def products(count: int) -> onnx.ModelProto:
    """``y`` = ``x``, through as many matrix products; 60 take about half a second in operators that are short each."""
    nodes = [helper.make_node("MatMul", [f"t{i}", "w"], [f"t{i + 1}"], f"step_{i}") for i in range(count)]
    nodes[0].input[0], nodes[-1].output[0] = "x", "y"
    return graph_of(nodes, [value("x", (384, 384))], [value("y", (384, 384))], {"w": np.eye(384, dtype=np.float32)})


def onnx_models() -> dict[str, onnx.ModelProto]:
    """All ONNX files by stem."""
    metadata = affine((2,), "the graph")
    metadata.domain, metadata.doc_string, metadata.model_version = "org.test", 'says "hello"\n', 7
    helper.set_model_props(metadata, {"stride": "32", "names": "{0: 'cat'}"})
    two = [value("a", (2, 2)), value("b", (2, 2))], [value("sum", (2, 2)), value("difference", (2, 2))]
    return {
        "affine": affine((1, 3, 4)),
        "vector": affine((8,)),
        "scalar": affine(()),
        "wide": affine((1, 1000)),
        "rank10": affine((1, 2, 1, 2, 1, 2, 1, 2, 1, 2)),
        "empty_tensor": affine((0, 3)),
        "metadata": metadata,
        "two": graph_of(
            [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])], *two
        ),
        "no_input": graph_of([], [], [value("y", (2,))], {"y": np.array([3, 4], np.float32)}),
        "product": products(1),
        "slow": products(60),
        **{f"double_{kind}": doubling(kind) for kind in TYPES},
        **dynamic_models(),
        **refused_models(),
    }


def write_broken_files(folder: Path) -> None:
    """Files that are no models."""
    good = (folder / "affine.onnx").read_bytes()
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "empty.hbm").write_bytes(b"")
    (folder / "text.onnx").write_bytes(b"this is no model\n" * 20)
    (folder / "vendor.hbm").write_bytes(bytes(range(1, 256)) * 40)
    (folder / "cut.onnx").write_bytes(good[: len(good) // 2])
    (folder / "onnx_inside.hbm").write_bytes(good)
    host = (folder / "plain.hbm").read_bytes()
    (folder / "cut.hbm").write_bytes(host[:-1])
    (folder / "host_inside.onnx").write_bytes(host)
    (folder / "damaged_magic.hbm").write_bytes(b"\x00" + host[1:])
    changed = bytearray(host)
    changed[-1] ^= 1
    (folder / "changed.hbm").write_bytes(changed)


def main() -> None:
    """Writes everything into the folder of the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for stem, model in onnx_models().items():
        (folder / f"{stem}.onnx").write_bytes(model.SerializeToString())
    external = graph_of(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [value("x", (4,))],
        [value("y", (4,))],
        {"w": np.arange(4, dtype=np.float32)},
    )
    onnx.save(external, folder / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=0)
    same_name = folder / "elsewhere"
    same_name.mkdir(exist_ok=True)
    (same_name / "affine.onnx").write_bytes((folder / "affine.onnx").read_bytes())
    write_host_models(folder)
    write_broken_files(folder)


if __name__ == "__main__":
    main()
