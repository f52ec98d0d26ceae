"""The packer's options, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.packer.container import DataType

Progress = Callable[[str, float], None]
"""Called with the stage in words and the part that is done, 0 to 1."""

TRIAL_SECONDS = 60.0
"""How long a model may take to load and to run once before it is accepted."""

Sample = Mapping[str, NDArray[np.generic]]
"""Values for all inputs of the original ONNX model, by name."""


class ImageType(str, Enum):
    """Kinds of pixels, with the names of ``input_type_rt`` and ``input_type_train``."""

    NV12 = "nv12"
    YUV444 = "yuv444"
    RGB = "rgb"
    BGR = "bgr"
    GRAY = "gray"


class InputSource(str, Enum):
    """Where images come from, with the names of ``input_source``."""

    PYRAMID = "pyramid"
    DDR = "ddr"
    RESIZER = "resizer"


@dataclass(frozen=True)
class ImageRules:
    """Decisions about image inputs that no document settles.

    Attributes:
        signed: rgb, bgr and yuv444 pixels are S8, 128 less than the pixel, instead of U8.
        gray_plane_suffix: Appended to the name of a gray image that comes from pyramid or resizer.
        roi_end_inclusive: Right and bottom of a region belong to it.
        clip: Colours beyond 0 and 255, which YUV can express, are cut off before normalisation.
        round: Colours are rounded to whole numbers before normalisation, as image libraries do.
    """

    signed: bool = False
    gray_plane_suffix: str = "_y"
    roi_end_inclusive: bool = True
    clip: bool = True
    round: bool = False


@dataclass(frozen=True)
class ImageInput:
    """An input that takes images at run time; the model gets what it was trained on.

    ``(x - mean) * scale`` or ``(x - mean) / std`` is applied to values of 0 to 255 in the channel order of
    ``train``; empty means no such step.

    Attributes:
        runtime: Pixels that the user gives.
        train: Pixels that the ONNX model takes.
        layout: ``NCHW`` or ``NHWC``, of the ONNX model's input.
        source: None chooses pyramid for nv12 and gray, ddr for the others.
        video_range: YUV values have 16 to 235 (BT.601 video range) instead of 0 to 255.
        mean: One number, or one for each channel.
        scale: The same; excludes ``std``.
        std: The same.
        separate_batch: Each item of the batch is an input of its own.
        rules: Decisions about what no document settles.
    """

    runtime: ImageType
    train: ImageType
    layout: str = "NCHW"
    source: InputSource | None = None
    video_range: bool = False
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    separate_batch: bool = False
    rules: ImageRules = field(default_factory=ImageRules)


@dataclass(frozen=True)
class Quantise:
    """How a float tensor becomes integers: ``clip(round(x / scale) + zero_point)``, rounding halves to even.

    Attributes:
        dtype: S8, U8, S16 or S32. None takes what the graph's own QDQ nodes say, else S32 behind a convolution or
            matrix product and S8 behind anything else.
        scale: One number, or one for each channel of ``axis``. Empty takes the graph's own DequantizeLinear, or
            measures the range over the samples.
        zero_point: Empty, or as many as scales.
        axis: Channel axis of the tensor as the ONNX model has it; -1 for per tensor. None chooses.
    """

    dtype: DataType | None = None
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    axis: int | None = None


@dataclass(frozen=True)
class FeatureInput:
    """An input that keeps the ONNX model's layout.

    Attributes:
        quantise: The user gives integers with SCALE parameters instead of floats.
        separate_batch: Each item of the batch is an input of its own.
    """

    quantise: Quantise | None = None
    separate_batch: bool = False


@dataclass(frozen=True)
class TensorOptions:
    """What the driver reports of one tensor that the user sees.

    Attributes:
        strides: Explicit strides in bytes; None follows the padding rules.
        description: Text of ``hbDNNGetInputDesc`` or ``hbDNNGetOutputDesc``.
    """

    strides: tuple[int, ...] | None = None
    description: str = ""


class Rewriting(str, Enum):
    """When quantised nodes are rewritten to what engines compute faster.

    AUTO leaves a model alone where this processor would compute other integers.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


UnsignedActivations = Rewriting
"""The name of ``Rewriting`` in release 1.0."""


@dataclass(frozen=True)
class ModelOptions:
    """How one ONNX model becomes a model of a host file.

    Attributes:
        name: None takes the file's stem, else the graph's name.
        march: ``nash-e``, ``nash-m``, ``nash-p``, ..., or empty for any.
        core_count: BPU cores that the model counts as compiled for, 1 to 4.
        description: Text of ``hbDNNGetModelDesc``.
        input_shapes: Shapes for ONNX inputs whose dimensions are dynamic; -1 keeps one dynamic.
        max_input_shapes: Largest shapes of dynamic inputs; they give upper bounds for the outputs.
        output_nodes: Names of nodes; their outputs become the outputs of the model.
        remove_types: Kinds of nodes taken off the border: Quantize, Dequantize, Transpose, Cast, Reshape, Softmax.
        remove_names: Names of single nodes taken off the border.
        inputs: Options of inputs by ONNX input name; inputs that are not named stay as they are.
        outputs: Quantisation by output name; outputs that are not named stay as they are.
        default_output_dtype: What ``remove_types`` with Dequantize makes of outputs that no convolution computes.
        samples: Values of the ONNX model's inputs for measuring ranges.
        tensors: Strides and descriptions by the names that users see; inputs and outputs.
        pad_inputs: Rows of inputs with fixed strides are padded.
        pad_outputs: Rows of outputs are padded.
        unsigned_activations: When signed 8-bit activations between nodes become unsigned ones.
        integer_layers: When quantised layers with a Relu, a pooling or the like behind them are made such that engines
            compute them in integers.
        check_operators: Refuse what the engine does not load.
        trial_seconds: How long the model may take to load and to run once on made-up inputs in a process of its own,
            which shows whether the engine crashes with it. 0 does not try it.
    """

    name: str | None = None
    march: str = ""
    core_count: int = 1
    description: str = ""
    input_shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    max_input_shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    output_nodes: Sequence[str] = ()
    remove_types: Sequence[str] = ()
    remove_names: Sequence[str] = ()
    inputs: Mapping[str, ImageInput | FeatureInput] = field(default_factory=dict)
    outputs: Mapping[str, Quantise] = field(default_factory=dict)
    default_output_dtype: DataType = DataType.S8
    samples: Sequence[Sample] = ()
    tensors: Mapping[str, TensorOptions] = field(default_factory=dict)
    pad_inputs: bool = False
    pad_outputs: bool = True
    unsigned_activations: Rewriting = Rewriting.AUTO
    integer_layers: Rewriting = Rewriting.AUTO
    check_operators: bool = True
    trial_seconds: float = TRIAL_SECONDS
