"""What onnx's checker finds wrong with nodes of which an engine could end the process.

A whole model is not asked for: engines run operators, and versions of them, that onnx does not know.
"""

from __future__ import annotations

from collections.abc import Iterator

from onnx import GraphProto, ModelProto, checker, defs

from hbm_runtime.packer.engine import first_line
from hbm_runtime.packer.errors import PackError

#: Operators of ONNX in the table of src/bpusim/dnn/graph/onnx_operator_rules.cpp.
CHECKED = frozenset(
    (
        "DFT", "Div", "GRU", "GatherND", "InstanceNormalization", "LSTM", "LayerNormalization", "Max", "Mean", "Min",
        "Mod", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Split", "Sum", "Unique",
    )
)  # fmt: skip
_ONNX = ("", "ai.onnx")


def check_nodes(model: ModelProto, name: str) -> None:
    """Checks arity and attributes of the nodes of those operators.

    Args:
        model: The model.
        name: What messages call it.

    Raises:
        PackError: onnx refuses a node whose operator it knows in the model's version.
    """
    opset = next((entry.version for entry in model.opset_import if entry.domain in _ONNX), 0)
    context = checker.C.CheckerContext()
    context.ir_version = model.ir_version
    context.opset_imports = {"": opset}
    for graph in _graphs(model.graph):
        for node in graph.node:
            if node.op_type not in CHECKED or node.domain not in _ONNX or not _is_known(node.op_type, opset):
                continue
            try:
                checker.check_node(node, context)
            except checker.ValidationError as error:
                title = f"'{node.name}'" if node.name else f"that computes '{''.join(node.output[:1])}'"
                raise PackError(f"{name}: node {title} ({node.op_type}): onnx says: {first_line(str(error))}") from None


def _is_known(operator: str, opset: int) -> bool:
    try:
        defs.get_schema(operator, opset, "")
    except defs.SchemaError:
        return False
    return True


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                yield from _graphs(inner)
