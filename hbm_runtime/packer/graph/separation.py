"""Takes large constants out of a model, so that they can be mapped, shared, and left out of graph edits."""

from __future__ import annotations

from google.protobuf.message import Message
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from hbm_runtime.packer.graph.external_data import ExternalData, all_constants
from hbm_runtime.packer.graph.weights import Weights, refer

_INLINE_BYTES = 1024
# Integer constants are shapes, axes and indices, which shape inference has to read.
_INLINE_INTEGER_BYTES = 64 * 1024
_INTEGERS = {TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL}


def separate_weights(model: ModelProto, files: ExternalData, weights: Weights) -> ModelProto:
    """A copy of a model whose large constants are in ``weights``; the copy names them as external data.

    ``Constant`` nodes of the main graph that hold a tensor become initializers. One constant at a time is copied, and
    the model is not changed: what it holds can go as soon as its owner lets go of it. The result depends only on the
    model.

    Args:
        model: The model, with its constants inside or in other files.
        files: Where those may be.
        weights: Takes the constants.

    Raises:
        PackError: A file with constants is missing, too short or elsewhere, or there is no room for temporary files.
    """
    light = ModelProto()
    _copy_fields(model, light, "graph")
    _copy_fields(model.graph, light.graph, "node", "initializer")
    outputs = {output.name for output in model.graph.output}
    lifted = []
    for node in model.graph.node:
        tensor = _lifted_constant(node, outputs)
        if tensor is None:
            light.graph.node.append(node)
        else:
            lifted.append((node.output[0], tensor))
    # Whatever else has its values in files, such as constants of subgraphs.
    for tensor in all_constants(light):
        files.embed(tensor)
    # Only these: engines resolve external data of subgraphs less reliably, and large constants are rare there.
    for name, tensor in [*((tensor.name, tensor) for tensor in model.graph.initializer), *lifted]:
        light.graph.initializer.append(_separated(name, tensor, files, weights))
    return light


def _lifted_constant(node: NodeProto, outputs: set[str]) -> TensorProto | None:
    if node.op_type != "Constant" or node.domain or node.output[0] in outputs:
        return None
    return next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)


def _separated(name: str, tensor: TensorProto, files: ExternalData, weights: Weights) -> TensorProto:
    """The constant, or a reference to where its values are now."""
    if tensor.data_location == TensorProto.EXTERNAL:
        tensor = _copy(tensor)
        files.embed(tensor)
    small = tensor.data_type == TensorProto.STRING
    if not small and not tensor.HasField("raw_data"):
        small = _payload_fields(tensor) <= _INLINE_BYTES // 4
        if not small:
            # Typed fields are rewritten as raw bytes, the only form that external data has.
            tensor = numpy_helper.from_array(numpy_helper.to_array(tensor))
    if not small:
        raw = tensor.raw_data
        if len(raw) >= (_INLINE_INTEGER_BYTES if tensor.data_type in _INTEGERS else _INLINE_BYTES):
            reference = TensorProto(name=name, data_type=tensor.data_type, dims=tensor.dims)
            refer(reference, *weights.add(raw))
            return reference
    inline = _copy(tensor)
    inline.name = name
    return inline


def _copy(tensor: TensorProto) -> TensorProto:
    copy = TensorProto()
    copy.CopyFrom(tensor)
    return copy


def _copy_fields(source: Message, target: Message, *without: str) -> None:
    for field, value in source.ListFields():
        if field.name in without:
            continue
        if hasattr(value, "MergeFrom"):  # messages and lists
            getattr(target, field.name).MergeFrom(value)
        else:
            setattr(target, field.name, value)


def _payload_fields(tensor: TensorProto) -> int:
    return max(
        len(field)
        for field in (
            tensor.float_data,
            tensor.int32_data,
            tensor.int64_data,
            tensor.double_data,
            tensor.uint64_data,
        )
    )
