"""Stand-ins for the models that the manuals' examples load: same names, tensors, types and strides, trivial sums."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, helper

from hbm_runtime.packer.container import HostFile, Model
from support import onnx_models
from support.dtypes import Array
from support.host_models import nv12_inputs, packed, padded_strides, tensor

YOLO_SCALES = tuple(float(x) for x in np.linspace(0.001, 0.01, 255).astype(np.float32))


def lanenet() -> Model:
    """lanenet256x512: one float input, float and integer pictures out."""
    shape = (1, 3, 256, 512)
    graph = onnx_models.build(
        [
            helper.make_node("Mul", ["input", "half"], ["instance"]),
            helper.make_node("ReduceMax", ["input"], ["top"], axes=[1], keepdims=1),
            helper.make_node("Greater", ["top", "half"], ["over"]),
            helper.make_node("Cast", ["over"], ["binary"], to=3),
        ],
        [("input", "F32", shape)],
        [("instance", "F32", shape), ("binary", "S8", (1, 1, 256, 512))],
        {"half": np.array(0.5, np.float32)},
    )
    return packed(
        "lanenet256x512",
        graph,
        [tensor("input", "F32", shape)],
        [tensor("instance", "F32", shape), tensor("binary", "S8", (1, 1, 256, 512))],
    )


def yolov5x() -> Model:
    """yolov5x_672x672_nv12: NV12 in, three S32 heads with padded rows and a scale per channel out.

    Each head is every n-th luma pixel times (1 .. 255), plus one chroma value in the last head.
    """
    heads = {"output": (84, 8), "1310": (42, 16), "1312": (21, 32)}
    nodes = [
        helper.make_node("Cast", ["data_y"], ["luma"], to=6),
        helper.make_node("Cast", ["data_uv"], ["chroma"], to=6),
        helper.make_node("ReduceMax", ["chroma"], ["colour"], keepdims=0),
    ]
    constants: dict[str, Array] = {
        "ramp": np.arange(1, 256, dtype=np.int32),
        "from": np.array([0, 0], np.int64),
        "to": np.array([672, 672], np.int64),
        "axes": np.array([1, 2], np.int64),
    }
    for name, (_, step) in heads.items():
        constants[f"step_{name}"] = np.array([step, step], np.int64)
        nodes += [
            helper.make_node("Slice", ["luma", "from", "to", "axes", f"step_{name}"], [f"cells_{name}"]),
            helper.make_node("Mul", [f"cells_{name}", "ramp"], [f"plain_{name}"]),
            helper.make_node("Add", [f"plain_{name}", "colour"], [name]),
        ]
    shapes = {name: (1, cells, cells, 255) for name, (cells, _) in heads.items()}
    graph = onnx_models.build(
        nodes,
        [("data_y", "U8", (1, 672, 672, 1)), ("data_uv", "U8", (1, 336, 336, 2))],
        [(name, "S32", shape) for name, shape in shapes.items()],
        constants,
    )
    return packed(
        "yolov5x_672x672_nv12",
        graph,
        nv12_inputs(672, 672),
        [
            tensor(name, "S32", shape, strides=padded_strides("S32", shape, 64), axis=3, scales=YOLO_SCALES)
            for name, shape in shapes.items()
        ],
        description=b'{"BUILDER_VERSION": "1", "MARCH": "nash-e"}',
    )


def resnet18() -> Model:
    """resnet18_224x224_nv12: NV12 in, 1000 float scores out."""
    graph = onnx_models.build(
        [
            helper.make_node("Cast", ["data_y"], ["luma"], to=1),
            helper.make_node("Cast", ["data_uv"], ["chroma"], to=1),
            helper.make_node("ReduceMean", ["luma"], ["brightness"], keepdims=0),
            helper.make_node("ReduceMean", ["chroma"], ["colour"], keepdims=0),
            helper.make_node("Sub", ["brightness", "colour"], ["score"]),
            helper.make_node("Mul", ["score", "ramp"], ["prob"]),
        ],
        [("data_y", "U8", (1, 224, 224, 1)), ("data_uv", "U8", (1, 112, 112, 2))],
        [("prob", "F32", (1, 1000))],
        {"ramp": np.linspace(0, 1, 1000, dtype=np.float32).reshape(1, 1000)},
    )
    return packed("resnet18_224x224_nv12", graph, nv12_inputs(224, 224), [tensor("prob", "F32", (1, 1000))])


def asr() -> Model:
    """asr: one float input (sound), float scores per time step out."""
    graph: ModelProto = onnx_models.build(
        [
            helper.make_node("Reshape", ["audio", "steps"], ["frames"]),
            helper.make_node("ReduceMax", ["frames"], ["level"], axes=[2], keepdims=1),
            helper.make_node("Mul", ["level", "ramp"], ["logits"]),
        ],
        [("audio", "F32", (1, 30000))],
        [("logits", "F32", (1, 100, 64))],
        {"steps": np.array([1, 100, 300], np.int64), "ramp": np.linspace(0, 1, 64, dtype=np.float32)},
    )
    return packed("asr", graph, [tensor("audio", "F32", (1, 30000))], [tensor("logits", "F32", (1, 100, 64))])


def as_file(model: Model, march: str = "") -> HostFile:
    """A file with this model alone."""
    return HostFile(models=(model,), march=march, description=b"xxx", producer="tests")
