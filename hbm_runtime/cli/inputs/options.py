"""The input options of ``infer`` and ``perf``, from the command line to arrays."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hbm_runtime import hbDNNDataType
from hbm_runtime._inputs import pictures
from hbm_runtime._inputs.arrays import read_npy, read_npz, read_raw, read_text
from hbm_runtime._inputs.colours import Use, use_of_type
from hbm_runtime._inputs.description import FULL_RANGE, VIDEO_RANGE, Description, InputFacts
from hbm_runtime._inputs.random_values import may_be_position, random_values
from hbm_runtime._models.tensor_info import TensorInfo
from hbm_runtime.cli.arguments import Parser, integer, shapes, words
from hbm_runtime.cli.errors import CommandError, UsageError
from hbm_runtime.cli.inputs.entries import CHROMA_SUFFIX, LUMA_SUFFIX, Source, assign
from hbm_runtime.cli.inputs.geometry import demand_wide_enough, file_strides, valid_shapes
from hbm_runtime.cli.models import DYNAMIC, ModelFacts
from hbm_runtime.cli.output import Output
from hbm_runtime.image.nv12 import Range

Values = dict[str, NDArray[Any]]

_RAW = {".bin", ".raw"}
_FRAMES = {".nv12", ".yuv"}


def add_input_arguments(parser: Parser, *, required: bool) -> None:
    """Declares the options that say what goes into a model."""
    parser.add_option(
        "input_file",
        metavar="FILES",
        type=words,
        default=[],
        help="one file for each input, separated by commas, or name=file: .npy .npz .bin .txt, pictures (.jpg .png …), "
        "NV12 frames (.nv12)" + ("" if required else "; default: random values"),
    )
    parser.add_option(
        "input_img_properties",
        metavar="LIST",
        default="",
        help="how each input takes its picture: Y, UV, RGB, BGR, YUV444, GRAY; default: what name and description say",
    )
    parser.add_option(
        "image_range",
        choices=("auto", FULL_RANGE, VIDEO_RANGE),
        default="auto",
        help="range of YUV made from pictures; auto: what the model's description says",
    )
    parser.add_option(
        "input_valid_shape", metavar="SHAPES", type=shapes, help="1,300,300,1;1,150,150,2 for dynamic; [] for a scalar"
    )
    parser.add_option("input_stride", metavar="STRIDES", type=shapes, help="strides of raw files, in bytes")
    if not required:
        parser.add_option("seed", metavar="N", type=integer(0), default=0, help="of random values; default: 0")


def read_inputs(arguments: argparse.Namespace, model: ModelFacts, output: Output) -> Values:
    """Makes the arrays for all inputs of a model.

    Raises:
        UsageError: The options do not fit the model.
        CommandError: A file does not.
    """
    wanted = valid_shapes(arguments.input_valid_shape, model)
    strides = file_strides(arguments.input_stride, model)
    if not arguments.input_file:
        return _random(model, wanted, arguments.seed, output)
    if len(arguments.input_file) == 1 and arguments.input_file[0].endswith(".npz"):
        return _from_archive(Path(arguments.input_file[0]), model)
    sources = assign(arguments.input_file, model)
    reader = _Reader(arguments, Description.read(model.description), output)
    values = {
        tensor.name: reader.read(sources[tensor.name], tensor, wanted[tensor.name], strides.get(tensor.name))
        for tensor in model.inputs
    }
    for tensor in model.inputs:
        _check(values[tensor.name], tensor, wanted[tensor.name], sources[tensor.name])
    return values


def _random(model: ModelFacts, shapes: dict[str, tuple[int, ...]], seed: int, output: Output) -> Values:
    dtypes = {tensor.name: tensor.np_dtype for tensor in model.inputs}
    for name, shape in shapes.items():
        if DYNAMIC in shape:
            raise CommandError(
                f"input {name!r} of model {model.name!r} has dynamic dimensions {list(shape)}: give sizes for all "
                "inputs with --input_valid_shape"
            )
    if any(may_be_position(name, dtype) for name, dtype in dtypes.items()):
        output.warn("random values go into integer inputs; if they are positions in something, use --input_file")
    return random_values(dtypes, shapes, seed)


class _Reader:
    """Reads the file of one input after the other."""

    def __init__(self, arguments: argparse.Namespace, description: Description, output: Output) -> None:
        self._properties = [part.strip() for part in arguments.input_img_properties.split(",")]
        self._range: Range | Literal["auto"] = arguments.image_range
        self._description = description
        self._output = output
        self._warned: set[str] = set()

    def read(
        self, source: Source, tensor: TensorInfo, shape: tuple[int, ...], strides: tuple[int, ...] | None
    ) -> NDArray[Any]:
        path, suffix = source.path, source.path.suffix.lower()
        if suffix in pictures.SUFFIXES:
            return self._picture(path, tensor, shape)
        if suffix in _FRAMES or (suffix in _RAW and source.whole_image):
            if DYNAMIC in shape:
                raise CommandError(f"{path} does not determine the size of input {tensor.name!r}: --input_valid_shape")
            chroma = tensor.name.endswith(CHROMA_SUFFIX)
            values: NDArray[Any] = pictures.frame_values(path, tensor.name, shape, chroma=chroma)
        elif suffix == ".npy":
            return read_npy(path)
        elif suffix == ".txt":
            return read_text(path, tensor, shape)
        elif suffix in _RAW:
            if strides is not None:
                demand_wide_enough(tensor, shape, strides)
            values = read_raw(path, tensor, shape, strides)
        else:
            raise UsageError(
                f"--input_file {path}: the kind of the file is not known by its name; known are .npy, .npz, .bin, "
                ".txt, .nv12 and pictures such as .jpg and .png"
            )
        self._judge_range(path, tensor, values)
        return values

    def _picture(self, path: Path, tensor: TensorInfo, shape: tuple[int, ...]) -> NDArray[Any]:
        facts = self._facts(tensor)
        given = self._properties[tensor.index] if tensor.index < len(self._properties) else ""
        use = _use_of(tensor, given, facts.runtime_type if facts else "")
        has_range = use in {Use.Y, Use.UV, Use.YUV444}
        pixel_range = self._pixel_range(facts) if has_range else FULL_RANGE
        return pictures.picture_values(path, tensor.name, tensor.np_dtype, shape, use=use, pixel_range=pixel_range)

    def _pixel_range(self, facts: InputFacts | None) -> Range:
        expected = facts.pixel_range if facts else None
        if self._range == "auto":
            if expected is None:
                self._warn(
                    "the model's description does not say which range its YUV has; full range is used (--image_range)"
                )
            return expected or FULL_RANGE
        if expected not in {None, self._range}:
            self._warn(
                f"--image_range is {self._range}, but the model was compiled for {expected} range "
                "(INPUT_SPACE_AND_RANGE of its description): results will be off"
            )
        return self._range

    def _facts(self, tensor: TensorInfo) -> InputFacts | None:
        for suffix in (LUMA_SUFFIX, CHROMA_SUFFIX):
            facts = self._description.input(tensor.name.removesuffix(suffix))
            if facts is not None and tensor.name.endswith(suffix) == (facts.runtime_type == "nv12"):
                return facts
        return self._description.input(tensor.name)

    def _judge_range(self, path: Path, tensor: TensorInfo, values: NDArray[Any]) -> None:
        """Warns when a Y plane looks like the range that the model was not compiled for."""
        facts = self._facts(tensor)
        if facts is None or facts.pixel_range is None or facts.runtime_type != "nv12" or not values.size:
            return
        if not tensor.name.endswith(LUMA_SUFFIX):
            return
        low, high = int(values.min()), int(values.max())
        if facts.pixel_range == VIDEO_RANGE and np.mean((values < 16) | (values > 235)) > 0.01:
            self._warn(f"{path} has luma from {low} to {high}, but the model was compiled for video range (16 to 235)")
        elif facts.pixel_range == FULL_RANGE and 16 <= low <= 24 and 227 <= high <= 235:
            self._warn(
                f"{path} has luma from {low} to {high}, which looks like video range, as OpenCV makes it; the "
                "model was compiled for full range"
            )

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._output.warn(text)


def _use_of(tensor: TensorInfo, given: str, runtime_type: str) -> Use:
    """Returns what an input takes of a picture.

    Args:
        tensor: The input.
        given: What ``--input_img_properties`` has for it, or "".
        runtime_type: What the model's description has for it, or "".

    Raises:
        UsageError: A wrong property.
        CommandError: It is not known.
    """
    if given:
        try:
            return Use(given.upper())
        except ValueError:
            raise UsageError(
                f"--input_img_properties has {given!r}; expected {', '.join(use.value for use in Use)}"
            ) from None
    use = use_of_type(runtime_type)
    if use is not None:
        return use
    if len(tensor.shape) == 4 and tensor.dtype in {hbDNNDataType.U8, hbDNNDataType.S8}:
        if tensor.name.endswith(LUMA_SUFFIX) and tensor.shape[3] == 1:
            return Use.Y
        if tensor.name.endswith(CHROMA_SUFFIX) and tensor.shape[3] == 2:
            return Use.UV
    raise CommandError(
        f"it is not known how input {tensor.name!r} ({tensor.dtype.name}, {list(tensor.shape)}) takes a picture: say "
        "so with --input_img_properties, or give it a .npy file that is prepared for the model"
    )


def _from_archive(path: Path, model: ModelFacts) -> Values:
    values = read_npz(path)
    names = [tensor.name for tensor in model.inputs]
    missing = [name for name in names if name not in values]
    if missing:
        raise CommandError(
            f"{path} has no array for input {', '.join(missing)} of model {model.name!r}; it has: {', '.join(values)}"
        )
    for tensor in model.inputs:
        _check(values[tensor.name], tensor, tensor.shape, Source(path))
    return {name: values[name] for name in names}


def _check(values: NDArray[Any], tensor: TensorInfo, shape: tuple[int, ...], source: Source) -> None:
    """Names the file of an array that the model would refuse."""
    fits = values.ndim == len(shape) and all(want in {-1, have} for want, have in zip(shape, values.shape, strict=True))
    if values.dtype != tensor.np_dtype or not fits:
        raise CommandError(
            f"{source.path} has {values.dtype} {list(values.shape)}; input {tensor.name!r} takes {tensor.np_dtype} "
            f"{list(shape)}"
        )
