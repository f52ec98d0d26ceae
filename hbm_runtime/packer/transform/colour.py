"""Colour conversion and normalisation as ONNX nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import ImageInput, ImageType

# BT.601: rows give R, G, B for luma and the two colour differences, all in full range.
_KR, _KG, _KB = 0.299, 0.587, 0.114
_R_FROM_V = 2 * (1 - _KR)
_B_FROM_U = 2 * (1 - _KB)
_G_FROM_U = -_B_FROM_U * _KB / _KG
_G_FROM_V = -_R_FROM_V * _KR / _KG
_VIDEO_LUMA = 255 / 219
_VIDEO_CHROMA = 255 / 224
_VIDEO_BLACK = 16.0
_NEUTRAL = 128.0

FloatArray = NDArray[np.float32]


def yuv_matrix(train: ImageType, *, video_range: bool) -> tuple[FloatArray, FloatArray]:
    """``matrix @ (y, u, v) + offset`` gives the three channels of ``train`` (rgb or bgr), each 0 to 255."""
    luma, chroma, black = (_VIDEO_LUMA, _VIDEO_CHROMA, _VIDEO_BLACK) if video_range else (1.0, 1.0, 0.0)
    matrix = np.array(
        [
            [luma, 0.0, chroma * _R_FROM_V],
            [luma, chroma * _G_FROM_U, chroma * _G_FROM_V],
            [luma, chroma * _B_FROM_U, 0.0],
        ]
    )
    if train == ImageType.BGR:
        matrix = matrix[::-1]
    offset = -matrix @ np.array([black, _NEUTRAL, _NEUTRAL])
    return matrix.astype(np.float32), offset.astype(np.float32)


def is_converted(option: ImageInput) -> bool:
    """Returns True if YUV pixels become colours (not only swapped or passed on)."""
    return option.runtime in {ImageType.NV12, ImageType.YUV444} and option.train in {ImageType.RGB, ImageType.BGR}


def add_nv12_colours(graph: Graph, luma: str, chroma: str, option: ImageInput) -> str:
    """Channels of ``option.train`` from float planes: (N, 1, H, W) and (N, 2, H/2, W/2) give (N, 3, H, W)."""
    doubled = ["", graph.add_constant(np.array([1, 1, 2, 2], np.float32), "doubled")]
    # Operator set 11 demands the region input of Resize to exist even where it means nothing.
    doubled[0] = graph.add_constant(np.zeros(0, np.float32), "no_region")
    resize = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if not is_converted(option):
        return graph.prepend("Concat", [luma, graph.prepend("Resize", [chroma, *doubled], **resize)], axis=1)
    matrix, offset = yuv_matrix(option.train, video_range=option.video_range)
    # Half-resolution colour differences are converted before they are doubled: a quarter of the work.
    kernel = graph.add_constant(matrix[:, 1:].reshape(3, 2, 1, 1), "chroma_matrix")
    colours = graph.prepend("Conv", [chroma, kernel, graph.add_constant(offset, "chroma_offset")])
    colours = graph.prepend("Resize", [colours, *doubled], **resize)
    if option.video_range:
        luma = graph.prepend("Mul", [luma, graph.add_constant(matrix[:1, :1].reshape(1, 1, 1, 1), "luma_scale")])
    return graph.prepend("Add", [colours, luma])


def add_yuv444_colours(graph: Graph, pixels: str, option: ImageInput) -> str:
    """Channels of ``option.train`` from float (N, 3, H, W) pixels."""
    matrix, offset = yuv_matrix(option.train, video_range=option.video_range)
    kernel = graph.add_constant(matrix.reshape(3, 3, 1, 1), "colour_matrix")
    return graph.prepend("Conv", [pixels, kernel, graph.add_constant(offset, "colour_offset")])


def add_limits(graph: Graph, pixels: str, option: ImageInput) -> str:
    """Cuts converted colours to 0..255 and rounds them, as far as asked."""
    if option.rules.clip:
        limits = [graph.add_constant(np.array(value, np.float32), "limit") for value in (0, 255)]
        pixels = graph.prepend("Clip", [pixels, *limits])
    return graph.prepend("Round", [pixels]) if option.rules.round else pixels


def add_normalisation(graph: Graph, pixels: str, option: ImageInput, *, channels_last: bool) -> str:
    """``(x - mean) * scale`` or ``(x - mean) / std`` for each channel."""
    for operator, values in (("Sub", option.mean), ("Mul", option.scale), ("Div", option.std)):
        if values:
            shape = (1, 1, 1, -1) if channels_last else (1, -1, 1, 1)
            constant = np.array(values, np.float32).reshape(shape)
            pixels = graph.prepend(operator, [pixels, graph.add_constant(constant, "normalisation")])
    return pixels


def add_cast(graph: Graph, value: str, element_type: int, output: str) -> str:
    """Brings float values to the type that the model takes, whole and cut to its range for integers."""
    if element_type == TensorProto.FLOAT:
        return graph.prepend("Identity", [value], output)
    if element_type in {TensorProto.UINT8, TensorProto.INT8}:
        limits = (0, 255) if element_type == TensorProto.UINT8 else (-128, 127)
        value = graph.prepend("Round", [value])
        value = graph.prepend(
            "Clip", [value, *(graph.add_constant(np.array(limit, np.float32), "limit") for limit in limits)]
        )
    return graph.prepend("Cast", [value], output, to=element_type)
