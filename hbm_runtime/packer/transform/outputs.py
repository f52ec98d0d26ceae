"""The outputs of a model: as the graph gives them, or as integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hbm_runtime.packer.container import DataType, Quantisation, QuantisationType
from hbm_runtime.packer.errors import PackError, about
from hbm_runtime.packer.graph.element_types import DATA_TYPES, ONNX_TYPES
from hbm_runtime.packer.graph.graph import Graph, shape_of
from hbm_runtime.packer.options import ModelOptions, Quantise
from hbm_runtime.packer.transform import quantised_output as quantised
from hbm_runtime.packer.transform.border import BorderTensor, dimensions_of
from hbm_runtime.packer.transform.ranges import Ranges, Unknown
from hbm_runtime.packer.transform.removal import Removal


class OutputStage:
    """Decides for each output how users see it, and edits the graph accordingly.

    Raises:
        PackError: Quantisation is asked for an output that does not exist.
    """

    def __init__(self, graph: Graph, options: ModelOptions, removal: Removal) -> None:
        self._graph = graph
        self._default = options.default_output_dtype
        self._values = removal.output_values
        self._wanted: dict[str, Quantise] = {name: Quantise() for name in removal.quantised_outputs}
        self._wanted.update(options.outputs)
        for name in self._wanted:
            if name not in self._values:
                known = ", ".join(map(repr, self._values))
                raise PackError(f"{graph.name}: there is no output '{name}'; the outputs are {known}", tensor=name)

    def unknown_ranges(self) -> dict[str, Unknown]:
        """Values whose range has to be measured."""
        unknown = {}
        for name, wanted in self._wanted.items():
            value = self._values[name]
            origin = quantised.origin_of(self._graph, value)
            dtype = quantised.chosen_dtype(origin, wanted, self._default)
            if wanted.scale or (wanted.dtype is None and quantised.is_dequantised(self._graph, origin)):
                continue
            if dtype == DataType.S32 and quantised.accumulator_scale(self._graph, origin) is not None:
                continue
            unknown[value] = Unknown(self._axis(value, origin, dtype, wanted), roomy=dtype == DataType.S32)
        return unknown

    def apply(self, ranges: Ranges) -> list[BorderTensor]:
        """Edits the graph; gives all outputs in order."""
        return [self._output(name, value, ranges) for name, value in self._values.items()]

    def _output(self, name: str, value: str, ranges: Ranges) -> BorderTensor:
        with about(tensor=name):
            return self._edited(name, value, ranges)

    def _edited(self, name: str, value: str, ranges: Ranges) -> BorderTensor:
        graph = self._graph
        info = next(output for output in graph.proto.output if output.name == value)
        known = shape_of(info)
        shape = known or ()
        element_type = info.type.tensor_type.elem_type
        tensor = BorderTensor(name, value, DATA_TYPES[element_type], dimensions_of(shape), rank_known=known is not None)
        wanted = self._wanted.get(name)
        if wanted is None:
            return tensor
        if known is None:
            raise PackError(
                f"{graph.name}, output '{name}': the model does not say how many dimensions it has; integers need that"
            )
        origin = quantised.origin_of(graph, value)
        found = None
        if not wanted.scale and wanted.dtype is None:
            found = quantised.expose_integers(graph, origin)
        if found is None:
            dtype = quantised.chosen_dtype(origin, wanted, self._default)
            if not quantised.quantisable(dtype):
                raise PackError(f"{graph.name}, output '{name}': {dtype.name} is no type for quantised outputs")
            quantisation = self._quantisation(value, origin, dtype, wanted, ranges)
            found = quantised.add_quantisation(graph, info, dtype, quantisation), dtype, quantisation
        integers, dtype, quantisation = found
        if graph.is_output(integers) or graph.producer(integers) is None:
            integers = graph.append("Identity", [integers])
        graph.replace_output(value, integers, ONNX_TYPES[dtype], shape)
        return replace(tensor, graph_name=integers, dtype=dtype, quantisation=quantisation)

    def _axis(self, value: str, origin: quantised.Origin, dtype: DataType, wanted: Quantise) -> int:
        rank = len(self._shape(value))
        axis = quantised.channel_axis(origin, rank, dtype) if wanted.axis is None else wanted.axis
        if not -1 <= axis < rank:
            text = f"{self._graph.name}, output '{value}': axis {axis} of {rank} dimensions"
            raise PackError(text, tensor=value)
        return axis

    def _quantisation(
        self, value: str, origin: quantised.Origin, dtype: DataType, wanted: Quantise, ranges: Ranges
    ) -> Quantisation:
        where = f"{self._graph.name}, output '{value}'"
        axis = self._axis(value, origin, dtype, wanted)
        sums = quantised.accumulator_scale(self._graph, origin) if dtype == DataType.S32 else None
        if wanted.scale:
            scales = np.array(wanted.scale, np.float32)
        elif sums is not None:
            scales = sums
        else:
            scales = quantised.scale_for_range(ranges[value], dtype).reshape(-1)
        if scales.size == 1:
            axis = -1 if wanted.axis is None else wanted.axis
        elif axis == -1:
            raise PackError(f"{where}: {scales.size} scales need an axis")
        elif self._shape(value)[axis] != scales.size:
            raise PackError(f"{where}: {scales.size} scales for {self._shape(value)[axis]} channels of axis {axis}")
        zeros = wanted.zero_point or (0,)
        if len(zeros) not in {1, scales.size}:
            raise PackError(f"{where}: {len(zeros)} zero points for {scales.size} scales")
        if len(zeros) == 1:
            zeros = zeros * scales.size
        return Quantisation(QuantisationType.SCALE, axis, tuple(float(scale) for scale in scales), tuple(zeros))

    def _shape(self, value: str) -> tuple[int | str | None, ...]:
        info = next(output for output in self._graph.proto.output if output.name == value)
        return shape_of(info) or ()
