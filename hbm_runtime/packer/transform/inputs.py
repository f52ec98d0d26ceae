"""The inputs of a model: images, integers, batch items, or as the graph declares them."""

from __future__ import annotations

from dataclasses import replace

from hbm_runtime.packer.container import DataType, Quantisation, QuantisationType
from hbm_runtime.packer.errors import PackError, about
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.options import FeatureInput, ImageInput, ModelOptions, Quantise
from hbm_runtime.packer.transform import feature_input
from hbm_runtime.packer.transform.border import BorderTensor
from hbm_runtime.packer.transform.image_input import convert_image_input
from hbm_runtime.packer.transform.quantised_output import scale_for_range
from hbm_runtime.packer.transform.ranges import Ranges, Unknown
from hbm_runtime.packer.transform.removal import Removal

_INTEGERS = (DataType.S8, DataType.U8, DataType.S16)


class InputStage:
    """Decides for each input how users give it, and edits the graph accordingly."""

    def __init__(self, graph: Graph, options: ModelOptions, removal: Removal) -> None:
        self._graph = graph
        self._options = options.inputs
        self._values = removal.input_values | {
            name: name for name, option in options.inputs.items() if isinstance(option, ImageInput)
        }
        self._wanted: dict[str, Quantise] = {name: Quantise() for name in removal.quantised_inputs}
        for name, option in options.inputs.items():
            if isinstance(option, FeatureInput) and option.quantise is not None:
                self._wanted[name] = option.quantise
        for name, wanted in self._wanted.items():
            with about(tensor=name):
                self._check(name, wanted)

    def unknown_ranges(self) -> dict[str, Unknown]:
        """Values whose range has to be measured."""
        return {
            self._values[name]: Unknown(-1 if wanted.axis is None else wanted.axis, roomy=False)
            for name, wanted in self._wanted.items()
            if not wanted.scale and not (wanted.dtype is None and self._feeds_quantisers(self._values[name]))
        }

    def apply(self, ranges: Ranges) -> list[BorderTensor]:
        """Edits the graph; gives all inputs in order."""
        names = {value: name for name, value in self._values.items()}
        return [
            tensor
            for value in [info.name for info in self._graph.proto.input]
            for tensor in self._input(names[value], value, ranges)
        ]

    def _input(self, name: str, value: str, ranges: Ranges) -> list[BorderTensor]:
        with about(tensor=name):
            return self._edited(name, value, ranges)

    def _edited(self, name: str, value: str, ranges: Ranges) -> list[BorderTensor]:
        option = self._options.get(name, FeatureInput())
        if isinstance(option, ImageInput):
            return convert_image_input(self._graph, value, option)
        wanted = self._wanted.get(name)
        if option.separate_batch:
            if wanted is not None:
                raise PackError(
                    f"{self._graph.name}, input '{name}': integers and separate batch items exclude each other"
                )
            return feature_input.split_batch(self._graph, value, name)
        if wanted is None:
            return [replace(feature_input.plain_input(self._graph, value), name=name)]
        return [replace(self._quantised(value, wanted, ranges), name=name)]

    def _quantised(self, value: str, wanted: Quantise, ranges: Ranges) -> BorderTensor:
        if not wanted.scale and wanted.dtype is None:
            exposed = feature_input.expose_quantised_input(self._graph, value)
            if exposed is not None:
                return exposed
        dtype = wanted.dtype or DataType.S8
        scales = wanted.scale
        if not scales:
            scales = tuple(float(scale) for scale in scale_for_range(ranges[value], dtype).reshape(-1))
        zeros = wanted.zero_point or (0,) * len(scales)
        axis = -1 if wanted.axis is None else wanted.axis
        quantisation = Quantisation(QuantisationType.SCALE, axis, scales, zeros)
        return feature_input.add_dequantised_input(self._graph, value, dtype, quantisation)

    def _check(self, name: str, wanted: Quantise) -> None:
        if wanted.dtype is not None and wanted.dtype not in _INTEGERS:
            allowed = ", ".join(dtype.name for dtype in _INTEGERS)
            raise PackError(
                f"{self._graph.name}, input '{name}': {wanted.dtype.name} is no type for quantised inputs; "
                f"possible are {allowed}"
            )

    def _feeds_quantisers(self, value: str) -> bool:
        nodes = self._graph.consumers(value)
        return bool(nodes) and all(node.op_type == "QuantizeLinear" for node in nodes)
