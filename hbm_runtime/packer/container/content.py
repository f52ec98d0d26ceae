"""The content of a host ``.hbm``, as plain values (see docs/internals/host-model-format.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from hbm_runtime.packer.container.tensor_types import DataType

Blob = bytes | bytearray | memoryview
"""Bytes of a graph or of weights; a view into a mapped file when it was read."""

DYNAMIC = -1
"""A dimension, stride or size that is known only when the model runs."""


class QuantisationType(IntEnum):
    """Values of ``hbDNNQuantiType``."""

    NONE = 0
    SCALE = 1


@dataclass(frozen=True)
class Quantisation:
    """How integers of a tensor stand for real numbers: ``real = (integer - zero_point) * scale``.

    Attributes:
        type: NONE or SCALE.
        axis: The axis of per-channel parameters, -1 for per tensor.
        scales: Empty, one, or one for each element of the axis.
        zero_points: The same; empty means zero.
    """

    type: QuantisationType = QuantisationType.NONE
    axis: int = -1
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tensor:
    """One input or output as the driver reports it.

    Attributes:
        name: The name that users see.
        graph_name: The input or output of the ONNX graph.
        dtype: Element type.
        shape: Dimensions, -1 where dynamic. Empty for a scalar, and for an output of unknown rank.
        strides: Bytes per step of each dimension, -1 where the caller chooses.
        aligned_size: Bytes to allocate, -1 when it depends on dynamic parts. For a dynamic output: an upper bound.
            -1 with an empty shape means that the rank is known only after a run.
        quantisation: Scale and zero point of integer tensors.
        description: Free text.
    """

    name: str
    graph_name: str
    dtype: DataType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    aligned_size: int
    quantisation: Quantisation = field(default_factory=Quantisation)
    description: bytes = b""


@dataclass(frozen=True)
class Operation:
    """One node of the graph."""

    name: str
    type: str


@dataclass(frozen=True)
class Model:
    """One named model.

    Attributes:
        name: Unique in its file.
        graph: A serialized ``ModelProto``.
        weights: The graph's external tensor data (location ``weights``), None when everything is in the graph.
        inputs: One for each input of the graph, in the order in which the model shows them.
        outputs: The model's outputs, at least one.
        operations: The nodes of the graph in order; may be empty.
        description: Text of ``hbDNNGetModelDesc``, JSON on models that were packed from a configuration.
        core_count: BPU cores the model is compiled for, 1 to 4.
    """

    name: str
    graph: Blob
    weights: Blob | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operations: tuple[Operation, ...] = ()
    description: bytes = b""
    core_count: int = 1


@dataclass(frozen=True)
class HostFile:
    """All of a host ``.hbm``.

    Attributes:
        models: The file's models, at least one, with unique names.
        march: ``nash-e``, ``nash-m``, ``nash-p``, ..., or empty for any.
        description: Text of ``hbDNNGetHBMDesc``.
        producer: The program that wrote the file.
    """

    models: tuple[Model, ...]
    march: str = ""
    description: bytes = b""
    producer: str = ""
