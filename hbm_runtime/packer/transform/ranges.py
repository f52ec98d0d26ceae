"""Measures the ranges of values that a model computes over samples."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from hbm_runtime.packer.engine import Session
from hbm_runtime.packer.errors import PackError, PackWarning
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import Progress, Sample

Ranges = dict[str, NDArray[np.float64]]

_RANDOM_SAMPLES = 2
# Real inputs can be far from normal noise (raw pixels go to 255); S32 has bits to spare.
_MARGIN = 64.0


@dataclass(frozen=True)
class Unknown:
    """A value whose range has to be measured.

    Attributes:
        axis: Channel axis; -1 measures the whole tensor at once.
        roomy: The integers have room for values far beyond the measured ones.
    """

    axis: int
    roomy: bool


def measure_ranges(
    graph: Graph, unknown: Mapping[str, Unknown], samples: Sequence[Sample], progress: Progress | None = None
) -> Ranges:
    """The largest absolute value of some of the graph's inputs and outputs over all samples.

    Without samples, values whose integers have much room are measured on random inputs, with a margin and a warning.

    Args:
        graph: The graph with the trained model's own inputs.
        unknown: The values to measure.
        samples: Inputs of the trained model.
        progress: Told after each sample.

    Returns:
        For each value one number, or one for each channel.

    Raises:
        PackError: Samples are missing, do not fit the model, or the model gives no numbers on them.
    """
    if not unknown:
        return {}
    margin = 1.0
    if not samples:
        tight = [name for name, entry in unknown.items() if not entry.roomy]
        if tight:
            raise PackError(
                f"{graph.name}: the scale of {', '.join(map(repr, tight))} is neither in the graph nor given; give "
                "calibration samples (cal_data_dir) or a scale"
            )
        warnings.warn(
            f"{graph.name}: no calibration samples; the scales of {', '.join(map(repr, unknown))} come from random "
            "inputs with a wide margin",
            PackWarning,
            stacklevel=3,
        )
        samples, margin = _random_samples(graph), _MARGIN
    ranges = _measured(graph, {name: entry.axis for name, entry in unknown.items()}, samples, progress)
    return {name: values * margin for name, values in ranges.items()}


def _measured(graph: Graph, axes: Mapping[str, int], samples: Sequence[Sample], progress: Progress | None) -> Ranges:
    session = Session(graph.model.SerializeToString(), graph.weights)
    computed = [name for name in axes if name in session.output_names]
    ranges: Ranges = {}
    for number, sample in enumerate(samples):
        inputs = {name: _value(graph, sample, name, number) for name in session.input_names}
        values = {**inputs, **session.run(inputs, computed)}
        for name, axis in axes.items():
            largest = _largest(values[name], axis)
            if not np.all(np.isfinite(largest)):
                raise PackError(f"{graph.name}: '{name}' is not finite on calibration sample {number}", tensor=name)
            ranges[name] = np.maximum(ranges[name], largest) if name in ranges else largest
        if progress is not None:
            progress("measuring ranges", (number + 1) / len(samples))
    return ranges


def _largest(value: NDArray[Any], axis: int) -> NDArray[np.float64]:
    absolute = np.abs(value if value.dtype.kind == "f" else value.astype(np.float64))
    others = tuple(i for i in range(absolute.ndim) if axis < 0 or i != axis)
    return np.asarray(absolute.max(axis=others, initial=0.0), np.float64)


def _value(graph: Graph, sample: Sample, name: str, number: int) -> NDArray[Any]:
    if name not in sample:
        raise PackError(f"{graph.name}: calibration sample {number} has no values for input '{name}'", tensor=name)
    value = np.ascontiguousarray(sample[name])
    wanted = graph.input_info(name).type.tensor_type.elem_type
    if wanted == 1 and value.dtype != np.float32:
        value = value.astype(np.float32)
    return value


def _random_samples(graph: Graph) -> list[Sample]:
    """Random inputs, the same every time; unknown dimensions are 1."""
    random = np.random.default_rng(0)
    samples: list[Sample] = []
    for _ in range(_RANDOM_SAMPLES):
        sample: dict[str, NDArray[Any]] = {}
        for info in graph.proto.input:
            kind = info.type.tensor_type
            shape = [max(1, dimension.dim_value) for dimension in kind.shape.dim]
            dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
            values = random.normal(size=shape) if np.issubdtype(dtype, np.floating) else random.integers(0, 2, shape)
            sample[info.name] = np.asarray(values).astype(dtype)
        samples.append(sample)
    return samples
