"""Takes large constants out of a graph, so that they can be mapped, shared, and left out of graph edits."""

from __future__ import annotations

import onnx
import xxhash
from onnx import TensorProto, numpy_helper

WEIGHTS_LOCATION = "weights"
"""The location that graphs of host models name for their external data."""

_INLINE_BYTES = 1024
# Integer constants are shapes, axes and indices, which shape inference has to read.
_INLINE_INTEGER_BYTES = 64 * 1024
_ALIGNMENT = 64
_INTEGERS = {TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL}


def lift_constants(model: onnx.ModelProto) -> None:
    """Turns the Constant nodes of the main graph that hold a tensor into initializers."""
    outputs = {output.name for output in model.graph.output}
    kept = []
    for node in model.graph.node:
        tensor = next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)
        if node.op_type != "Constant" or node.domain or tensor is None or node.output[0] in outputs:
            kept.append(node)
            continue
        initializer = model.graph.initializer.add()
        initializer.CopyFrom(tensor)
        initializer.name = node.output[0]
    if len(kept) != len(model.graph.node):
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
        del model.graph.node[:]
        model.graph.node.extend(nodes)


def take_weights(model: onnx.ModelProto) -> bytearray:
    """Moves large constants of ``model`` into the returned bytes; the graph then names them as external data.

    Equal constants are stored once. The result depends only on the model.
    """
    data = bytearray()
    known: dict[bytes, tuple[int, int]] = {}
    # Only initializers of the main graph: engines resolve external data of subgraphs less reliably, and large constants
    # are rare there.
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.STRING or tensor.data_location == TensorProto.EXTERNAL:
            continue
        if not tensor.HasField("raw_data"):
            if _payload_fields(tensor) <= _INLINE_BYTES // 4:
                continue
            # Typed fields are rewritten as raw bytes, the only form that external data has.
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
        raw = tensor.raw_data
        if len(raw) < (_INLINE_INTEGER_BYTES if tensor.data_type in _INTEGERS else _INLINE_BYTES):
            continue
        _set_external(tensor, *_store(data, known, raw))
    return data


def _store(data: bytearray, known: dict[bytes, tuple[int, int]], raw: bytes) -> tuple[int, int]:
    digest = xxhash.xxh128_digest(raw)
    place = known.get(digest)
    if place is None or place[1] != len(raw):
        data += b"\0" * (-len(data) % _ALIGNMENT)
        place = known[digest] = (len(data), len(raw))
        data += raw
    return place


def _set_external(tensor: TensorProto, offset: int, length: int) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in (("location", WEIGHTS_LOCATION), ("offset", offset), ("length", length)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)


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
