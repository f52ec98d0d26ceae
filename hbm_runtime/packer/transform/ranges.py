"""Measures the ranges of values that a model computes over samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.packer.engine import Session
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import Progress, Sample

Ranges = dict[str, NDArray[np.float64]]


def measure_ranges(
    graph: Graph, axes: Mapping[str, int], samples: Sequence[Sample], progress: Progress | None = None
) -> Ranges:
    """The largest absolute value of some of the graph's inputs and outputs over all samples.

    Args:
        graph: The graph with the trained model's own inputs.
        axes: The values to measure and their channel axes; -1 measures the whole tensor at once.
        samples: Inputs of the trained model.
        progress: Told after each sample.

    Returns:
        For each value one number, or one for each channel.

    Raises:
        PackError: A sample does not fit the model, or the model gives no numbers on them.
    """
    if not axes:
        return {}
    if not samples:
        raise PackError(
            f"{graph.name}: the scale of {', '.join(map(repr, axes))} is neither in the graph nor given; give "
            "calibration samples (cal_data_dir) or a scale"
        )
    session = Session(graph.model.SerializeToString(), graph.weights or None)
    computed = [name for name in axes if name in session.output_names]
    ranges: Ranges = {}
    for number, sample in enumerate(samples):
        inputs = {name: _value(graph, sample, name, number) for name in session.input_names}
        values = {**inputs, **session.run(inputs, computed)}
        for name, axis in axes.items():
            largest = _largest(values[name], axis)
            if not np.all(np.isfinite(largest)):
                raise PackError(f"{graph.name}: '{name}' is not finite on calibration sample {number}")
            ranges[name] = np.maximum(ranges[name], largest) if name in ranges else largest
        if progress is not None:
            progress("measuring ranges", (number + 1) / len(samples))
    return ranges


def _largest(value: NDArray[Any], axis: int) -> NDArray[np.float64]:
    absolute = np.abs(value.astype(np.float64))
    if axis < 0:
        return np.asarray(absolute.max(initial=0.0))
    others = tuple(i for i in range(absolute.ndim) if i != axis)
    return np.asarray(absolute.max(axis=others, initial=0.0))


def _value(graph: Graph, sample: Sample, name: str, number: int) -> NDArray[Any]:
    if name not in sample:
        raise PackError(f"{graph.name}: calibration sample {number} has no values for input '{name}'")
    value = np.ascontiguousarray(sample[name])
    wanted = graph.input_info(name).type.tensor_type.elem_type
    if wanted == 1 and value.dtype != np.float32:
        value = value.astype(np.float32)
    return value
