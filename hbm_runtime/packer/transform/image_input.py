"""Inputs that take camera images: the planes that a board's model has, and the nodes that feed the trained graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from hbm_runtime.packer.container import DYNAMIC, DataType
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.element_types import ONNX_TYPES, type_name
from hbm_runtime.packer.graph.graph import Graph, fixed_shape
from hbm_runtime.packer.options import ImageInput, ImageType, InputSource
from hbm_runtime.packer.transform import colour
from hbm_runtime.packer.transform.border import BorderTensor
from hbm_runtime.packer.transform.region import add_region_sampling

_PLANES = {ImageType.NV12, ImageType.GRAY}
_SOURCES = {
    ImageType.NV12: (InputSource.PYRAMID, InputSource.RESIZER),
    ImageType.GRAY: (InputSource.PYRAMID, InputSource.RESIZER, InputSource.DDR),
    ImageType.YUV444: (InputSource.DDR,),
    ImageType.RGB: (InputSource.DDR,),
    ImageType.BGR: (InputSource.DDR,),
}
_RUNTIME_OF_TRAIN = {
    ImageType.RGB: {ImageType.RGB, ImageType.BGR, ImageType.NV12, ImageType.YUV444},
    ImageType.BGR: {ImageType.RGB, ImageType.BGR, ImageType.NV12, ImageType.YUV444},
    ImageType.YUV444: {ImageType.YUV444, ImageType.NV12},
    ImageType.GRAY: {ImageType.GRAY},
}


def check_image_input(option: ImageInput, where: str) -> ImageInput:
    """``option`` with its source filled in.

    Raises:
        PackError: Its parts contradict each other.
    """
    if option.train not in _RUNTIME_OF_TRAIN:
        raise PackError(f"{where}: a model cannot be trained on {option.train.value}")
    if option.runtime not in _RUNTIME_OF_TRAIN[option.train]:
        allowed = ", ".join(sorted(kind.value for kind in _RUNTIME_OF_TRAIN[option.train]))
        raise PackError(
            f"{where}: a model trained on {option.train.value} cannot take {option.runtime.value} at run time; "
            f"possible are {allowed}"
        )
    if option.layout not in {"NCHW", "NHWC"}:
        raise PackError(f"{where}: layout '{option.layout}' is neither NCHW nor NHWC")
    source = option.source or _SOURCES[option.runtime][0]
    if source not in _SOURCES[option.runtime]:
        allowed = ", ".join(kind.value for kind in _SOURCES[option.runtime])
        raise PackError(f"{where}: {option.runtime.value} does not come from {source.value}; possible are {allowed}")
    if option.scale and option.std:
        raise PackError(f"{where}: scale and std exclude each other")
    if option.video_range and option.runtime != ImageType.NV12:
        raise PackError(f"{where}: video range is for nv12, not for {option.runtime.value}")
    if option.rules.signed and (source != InputSource.DDR or option.runtime == ImageType.GRAY):
        raise PackError(f"{where}: only rgb, bgr and yuv444 images can be signed")
    channels = 1 if option.train == ImageType.GRAY else 3
    for what, values in (("mean", option.mean), ("scale", option.scale), ("std", option.std)):
        if len(values) not in {0, 1, channels}:
            raise PackError(f"{where}: {len(values)} {what} values for {channels} channels; give one or {channels}")
    if any(value == 0 for value in option.std):
        raise PackError(f"{where}: a std value is zero")
    return replace(option, source=source)


def convert_image_input(graph: Graph, name: str, option: ImageInput) -> list[BorderTensor]:
    """Replaces the input ``name`` by image inputs and feeds it from them.

    Returns:
        The tensors that users give, in order.

    Raises:
        PackError: The input's shape does not fit images, or the option contradicts itself.
    """
    where = f"{graph.name}, input '{name}'"
    option = check_image_input(option, where)
    info = graph.input_info(name)
    element_type = info.type.tensor_type.elem_type
    if element_type not in {
        TensorProto.FLOAT,
        TensorProto.FLOAT16,
        TensorProto.DOUBLE,
        TensorProto.UINT8,
        TensorProto.INT8,
    }:
        raise PackError(f"{where}: an image input cannot feed {type_name(element_type)} values")
    batch, height, width = _image_size(info, option, where)
    if option.source == InputSource.RESIZER and batch != 1 and not option.separate_batch:
        raise PackError(f"{where}: a resizer input takes one image, the batch is {batch}; use separate_batch")
    bases = [name] if not option.separate_batch or batch == 1 else [f"{name}_{i}" for i in range(batch)]
    tensors: list[BorderTensor] = []
    parts: list[str] = []
    for base in bases:
        planes = _planes(graph, base, option, (batch // len(bases), height, width))
        tensors += planes
        parts.append(_pixels(graph, planes, option, (height, width)))
    joined = parts[0] if len(parts) == 1 else graph.prepend("Concat", parts, axis=0)
    colour.add_cast(graph, joined, element_type, name)
    graph.replace_input(name, [_value_info(tensor) for tensor in tensors])
    return tensors


def _image_size(info: ValueInfoProto, option: ImageInput, where: str) -> tuple[int, int, int]:
    shape = fixed_shape(info, where)
    if len(shape) != 4:
        raise PackError(f"{where}: an image input has 4 dimensions, this one has {len(shape)}: {list(shape)}")
    batch, channels, height, width = shape
    if option.layout == "NHWC":
        batch, height, width, channels = shape
    wanted = 1 if option.train == ImageType.GRAY else 3
    if channels != wanted:
        raise PackError(
            f"{where}: {option.train.value} in {option.layout} needs {wanted} channels, the shape {list(shape)} has "
            f"{channels}; check input_layout_train and input_type_train"
        )
    if option.runtime == ImageType.NV12 and (height % 2 or width % 2):
        raise PackError(f"{where}: NV12 needs an even width and an even height, given {width} x {height}")
    return batch, height, width


def _planes(graph: Graph, base: str, option: ImageInput, size: tuple[int, int, int]) -> list[BorderTensor]:
    batch, height, width = size
    if option.runtime not in _PLANES or option.source == InputSource.DDR:
        shape = (batch, 1, height, width) if option.runtime == ImageType.GRAY else (batch, height, width, 3)
        dtype = DataType.S8 if option.rules.signed else DataType.U8
        return [BorderTensor(base, graph.unique(base), dtype, shape, image=True)]
    resized = option.source == InputSource.RESIZER
    luma_name = base + (option.rules.gray_plane_suffix if option.runtime == ImageType.GRAY else "_y")
    names = [(luma_name, 1, 1)]
    if option.runtime == ImageType.NV12:
        names.append((base + "_uv", 2, 2))
    tensors = []
    for plane, divisor, channels in names:
        rows, columns = (DYNAMIC, DYNAMIC) if resized else (height // divisor, width // divisor)
        tensors.append(
            BorderTensor(
                plane,
                graph.unique(plane),
                DataType.U8,
                (batch, rows, columns, channels),
                strides=(DYNAMIC, DYNAMIC, channels, 1),
                image=True,
            )
        )
    if resized:
        tensors.append(BorderTensor(base + "_roi", graph.unique(base + "_roi"), DataType.S32, (1, 4), strides=(16, 4)))
    return tensors


def _pixels(graph: Graph, planes: list[BorderTensor], option: ImageInput, size: tuple[int, int]) -> str:
    """Float pixels of one image input in the model's layout, colours and normalisation."""
    values = [plane.graph_name for plane in planes]
    channels_last = True
    if option.source == InputSource.RESIZER:
        chroma = values[1] if option.runtime == ImageType.NV12 else None
        pixels = add_region_sampling(
            graph, values[0], chroma, values[-1], size, end_inclusive=option.rules.roi_end_inclusive
        )
        channels_last = False
    elif option.runtime == ImageType.NV12:
        batch = planes[0].shape[0]
        shape = graph.add_constant(np.array([batch, 1, *size], np.int64), "luma_shape")
        luma = _to_float(graph, graph.prepend("Reshape", [values[0], shape]))
        chroma = _to_float(graph, graph.prepend("Transpose", [values[1]], perm=[0, 3, 1, 2]))
        pixels = colour.add_nv12_colours(graph, luma, chroma, option)
        channels_last = False
    elif option.runtime == ImageType.GRAY:
        pixels = _to_float(graph, values[0])
        channels_last = option.source == InputSource.PYRAMID
    else:
        pixels = _packed_pixels(graph, values[0], option)
    if colour.is_converted(option) and (option.runtime == ImageType.YUV444 or option.source == InputSource.RESIZER):
        if channels_last:
            pixels, channels_last = graph.prepend("Transpose", [pixels], perm=[0, 3, 1, 2]), False
        pixels = colour.add_yuv444_colours(graph, pixels, option)
    if colour.is_converted(option):
        pixels = colour.add_limits(graph, pixels, option)
    wanted_last = option.layout == "NHWC"
    if channels_last != wanted_last:
        pixels = graph.prepend("Transpose", [pixels], perm=[0, 2, 3, 1] if wanted_last else [0, 3, 1, 2])
    return colour.add_normalisation(graph, pixels, option, channels_last=wanted_last)


def _packed_pixels(graph: Graph, value: str, option: ImageInput) -> str:
    """Float pixels (N, H, W, 3) of an rgb, bgr or yuv444 image in the channel order of training."""
    if {option.runtime, option.train} == {ImageType.RGB, ImageType.BGR}:
        order = graph.add_constant(np.array([2, 1, 0], np.int64), "channel_order")
        value = graph.prepend("Gather", [value, order], axis=3)
    pixels = _to_float(graph, value)
    if option.rules.signed:
        pixels = graph.prepend("Add", [pixels, graph.add_constant(np.array(128, np.float32), "sign_offset")])
    return pixels


def _to_float(graph: Graph, value: str) -> str:
    return graph.prepend("Cast", [value], to=TensorProto.FLOAT)


def _value_info(tensor: BorderTensor) -> ValueInfoProto:
    names = ("n", "h", "w", "c")
    shape = [
        f"{tensor.name}_{names[i]}" if dimension == DYNAMIC else dimension for i, dimension in enumerate(tensor.shape)
    ]
    return helper.make_tensor_value_info(tensor.graph_name, ONNX_TYPES[tensor.dtype], shape)
