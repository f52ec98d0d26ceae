"""Inputs and outputs on their way from the graph to the container."""

from __future__ import annotations

from dataclasses import dataclass, field

from hbm_runtime.packer.container import DYNAMIC, DataType, Quantisation


@dataclass(frozen=True)
class BorderTensor:
    """A tensor that users will see.

    Attributes:
        name: What users see.
        graph_name: The input or output of the graph.
        dtype: Element type.
        shape: Dimensions, -1 where dynamic.
        strides: None where the padding rules decide.
        quantisation: Scale parameters.
        image: Rows of images are not padded.
        rank_known: False for an output whose number of dimensions is known only after a run; its shape is empty.
    """

    name: str
    graph_name: str
    dtype: DataType
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None
    quantisation: Quantisation = field(default_factory=Quantisation)
    image: bool = False
    rank_known: bool = True


def dimensions_of(shape: tuple[int | str | None, ...]) -> tuple[int, ...]:
    """A graph's shape with -1 for everything that is no number."""
    return tuple(dimension if isinstance(dimension, int) else DYNAMIC for dimension in shape)
