"""An ONNX model packed so that a program sees the signature of a board's model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hbm_runtime._inputs.description import Description, InputFacts
from hbm_runtime.cli.errors import CommandError
from hbm_runtime.cli.sidecar.differences import differences
from hbm_runtime.cli.sidecar.document import Sidecar, SidecarModel, SidecarTensor
from hbm_runtime.packer import (
    DataType,
    HostFile,
    Model,
    Quantisation,
    QuantisationType,
    Tensor,
    build_model,
    write_file,
)
from hbm_runtime.packer.graph.load import ModelFile
from hbm_runtime.packer.layout import aligned_size
from hbm_runtime.packer.options import (
    FeatureInput,
    ImageInput,
    ImageType,
    InputSource,
    ModelOptions,
    Progress,
    Quantise,
)
from hbm_runtime.packer.version import producer

_PLANES = ("_y", "_uv")
_BORDER = ("Transpose", "Cast", "Reshape", "Softmax")
"""Nodes that the vendor's compiler takes off; what it leaves as integers is said by the tensors."""


def pack_like(source: Path, output: Path, sidecar: Sidecar, name: str | None, progress: Progress) -> HostFile:
    """Packs a model with the signature of the sidecar's, and returns what was written.

    Args:
        source: The ONNX file.
        output: The file to write.
        sidecar: The sidecar of the board's model.
        name: Which of its models; None for the only one.
        progress: Called with a stage and the part that is done.

    Raises:
        PackError: The model cannot be packed.
        CommandError: The signatures do not match; the text says in what.
    """
    wanted = sidecar.model(name)
    configuration = Description.read(wanted.description)
    march = str(configuration.values.get("MARCH") or "")
    parsed = ModelFile(source)
    options = _options(parsed, wanted, configuration, march)
    model = _as_reported(build_model(parsed, options, progress), wanted)
    found = differences(model, wanted)
    if found:
        listed = "".join(f"\n  - {text}" for text in found)
        raise CommandError(f"{source} does not give the signature of '{wanted.name}' in {sidecar.path}:{listed}")
    content = HostFile((model,), march=march, description=sidecar.description.encode(), producer=producer())
    write_file(output, content, inputs=[source, sidecar.path])
    return content


def _options(source: ModelFile, wanted: SidecarModel, configuration: Description, march: str) -> ModelOptions:
    proto = source.proto
    constants = {tensor.name for tensor in proto.graph.initializer}
    own = {info.name: _shape(info) for info in proto.graph.input if info.name not in constants}
    tensors = {tensor.name: tensor for tensor in wanted.inputs}
    inputs: dict[str, ImageInput | FeatureInput] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in own.items():
        option, given = _input(name, tensors, configuration.input(name))
        if option is not None:
            inputs[name] = option
        if given is not None and -1 in shape and -1 not in given:
            shapes[name] = given
    removed = str(configuration.values.get("REMOVE_NODE_TYPE") or "")
    return ModelOptions(
        name=wanted.name,
        march=march,
        core_count=wanted.core_count,
        description=wanted.description,
        input_shapes=shapes,
        inputs=inputs,
        outputs={tensor.name: _quantise(tensor) for tensor in wanted.outputs if _is_quantised(tensor)},
        remove_types=[kind for kind in _BORDER if kind in removed],
    )


def _shape(info: Any) -> tuple[int, ...]:
    return tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in info.type.tensor_type.shape.dim)


def _input(
    name: str, tensors: dict[str, SidecarTensor], facts: InputFacts | None
) -> tuple[ImageInput | FeatureInput | None, tuple[int, ...] | None]:
    """How an ONNX input becomes the board's, and its shape in the ONNX model where that is known."""
    own = tensors.get(name)
    luma = tensors.get(name + _PLANES[0])
    if own is not None and _is_quantised(own):
        return FeatureInput(quantise=_quantise(own)), own.shape
    if facts is None or facts.runtime_type in ("", "featuremap"):
        return None, None if own is None else own.shape
    image = ImageInput(
        runtime=ImageType(facts.runtime_type),
        train=ImageType(facts.train_type),
        layout=facts.layout,
        source=InputSource(facts.source) if facts.source else None,
        video_range=facts.pixel_range == "video",
        mean=facts.mean or (),
        scale=facts.scale or (),
        std=facts.std or (),
    )
    plane = luma or own
    if plane is None or len(plane.shape) != 4:
        return image, None
    batch, height, width = plane.shape[:3]
    channels = 1 if facts.train_type == "gray" else 3
    planar = (batch, channels, height, width)
    return image, planar if facts.layout == "NCHW" else (batch, height, width, channels)


def _is_quantised(tensor: SidecarTensor) -> bool:
    return bool(tensor.quant.scale.size) and tensor.dtype.name[0] in "SU"


def _quantise(tensor: SidecarTensor) -> Quantise:
    quant = tensor.quant
    return Quantise(
        dtype=DataType[tensor.dtype.name],
        scale=tuple(quant.scale.tolist()),
        zero_point=tuple(quant.zero_point.tolist()),
        axis=quant.axis if quant.scale.size > 1 else -1,
    )


def _as_reported(model: Model, wanted: SidecarModel) -> Model:
    """The model with its tensors in the board's order, with the board's strides, descriptions and parameters."""
    return replace(
        model,
        inputs=_matched(model.inputs, wanted.inputs),
        outputs=_matched(model.outputs, wanted.outputs),
    )


def _matched(own: tuple[Tensor, ...], wanted: tuple[SidecarTensor, ...]) -> tuple[Tensor, ...]:
    places = {tensor.name: tensor for tensor in wanted}
    order = {tensor.name: place for place, tensor in enumerate(wanted)}
    matched = [_like(tensor, places[tensor.name]) if tensor.name in places else tensor for tensor in own]
    return tuple(sorted(matched, key=lambda tensor: order.get(tensor.name, len(order))))


def _like(own: Tensor, wanted: SidecarTensor) -> Tensor:
    tensor = replace(own, description=wanted.desc.encode())
    if own.shape != wanted.shape or own.dtype.name != wanted.dtype.name:
        return tensor
    quant = wanted.quant
    quantisation = own.quantisation
    if quant.scale.size:  # a zero point that is 0 may be written or left out
        quantisation = Quantisation(
            QuantisationType.SCALE, quant.axis, tuple(quant.scale.tolist()), tuple(quant.zero_point.tolist())
        )
    if own.quantisation.scales and own.quantisation.scales != quantisation.scales:
        quantisation = own.quantisation
    return replace(
        tensor,
        strides=wanted.strides,
        aligned_size=aligned_size(own.shape, wanted.strides, own.dtype.size),
        quantisation=quantisation,
    )
