"""An editable ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.index import Index, Names, all_nodes, captured
from hbm_runtime.packer.graph.weights import Weights, place_of, refer

_PREFIX = "hbm/"


class Graph:
    """A model whose large constants lie apart, with the edits that packing needs.

    Nodes that are added keep the graph sorted: ``prepend`` collects nodes for the beginning, ``append`` for the end.

    Attributes:
        model: The model; edited in place.
        weights: The external data that the model names.
        name: Name for messages.
    """

    def __init__(
        self, model: onnx.ModelProto, weights: Weights, name: str, default_inputs: Sequence[ValueInfoProto] = ()
    ) -> None:
        """``default_inputs`` are inputs that the file gives a value; edits see constants until ``restore_defaults``."""
        self.model = model
        self.weights = weights
        self.name = name
        self._default_inputs = default_inputs
        self._names = Names(name for node in all_nodes(self.proto) for name in [*node.input, *node.output])
        self._names.add(value.name for value in [*self.proto.input, *self.proto.output])
        self._names.add(constant.name for constant in self.proto.initializer)
        self._node_names = Names(node.name for node in all_nodes(self.proto))
        self._first: list[NodeProto] = []
        self._known: Index | None = None

    @property
    def proto(self) -> onnx.GraphProto:
        """The main graph."""
        return self.model.graph

    @property
    def opset(self) -> int:
        """Version of the standard operators."""
        return next((entry.version for entry in self.model.opset_import if entry.domain in {"", "ai.onnx"}), 1)

    # -- looking up ---------------------------------------------------------------------------------------------

    @property
    def _index(self) -> Index:
        if self._known is None:
            self._known = Index(self.proto)
        return self._known

    def edited(self) -> None:
        """Says that nodes or constants of ``proto`` were renamed, moved or removed: what is known of them is wrong."""
        self._known = None

    def producer(self, value: str) -> NodeProto | None:
        """The node that computes a value; None for graph inputs and constants."""
        return self._index.producers.get(value)

    def consumers(self, value: str) -> list[NodeProto]:
        """The nodes of the main graph that read a value, also from inside their subgraphs; each once."""
        return list(self._index.readers.get(value, ()))

    def readers(self) -> Mapping[str, list[NodeProto]]:
        """By value the nodes of the main graph that read it, also from inside their subgraphs; each once."""
        return self._index.readers

    def is_output(self, value: str) -> bool:
        """Returns True if the graph gives out this value."""
        return any(output.name == value for output in self.proto.output)

    def info(self, value: str) -> ValueInfoProto | None:
        """Type and shape of a value as far as the graph declares them."""
        for info in [*self.proto.input, *self.proto.output, *self.proto.value_info]:
            if info.name == value:
                return info
        return None

    def constant(self, value: str) -> NDArray[np.generic] | None:
        """The values of an initializer or ``Constant`` node, None for anything else."""
        initializer = self._index.constants.get(value)
        if initializer is not None:
            return numpy_helper.to_array(self._inline(initializer))
        node = self.producer(value)
        if node is not None and node.op_type == "Constant" and not node.domain:
            for attribute in node.attribute:
                if attribute.name == "value":
                    return numpy_helper.to_array(attribute.t)
        return None

    def _inline(self, tensor: TensorProto) -> TensorProto:
        """``tensor`` with its values inside; the graph is not changed."""
        if tensor.data_location != TensorProto.EXTERNAL:
            return tensor
        inline = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        inline.raw_data = self.weights.read(*place_of(tensor))
        return inline

    # -- adding -------------------------------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """``name``, or with a number where a value of this name exists; taken from now on."""
        return self._names.take(name)

    def prepend(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Adds a node before the graph's own nodes and after those prepended so far; returns its output."""
        node = self.new_node(operator, inputs, output, **attributes)
        self._first.append(node)
        return str(node.output[0])

    def append(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Adds a node at the end; returns its output."""
        node = self.new_node(operator, inputs, output, **attributes)
        self.proto.node.append(node)
        if self._known is not None:
            self._known.add_node(self.proto.node[-1])
        return str(node.output[0])

    def add_constant(self, value: NDArray[np.generic], hint: str = "constant") -> str:
        """Adds an initializer; returns its name."""
        name = self.unique(_PREFIX + hint)
        self.proto.initializer.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        if self._known is not None:
            self._known.add_constant(self.proto.initializer[-1])
        return name

    def finish_prepending(self) -> None:
        """Puts the prepended nodes in front."""
        if self._first:
            nodes = [*self._first, *self.proto.node]
            del self.proto.node[:]
            self.proto.node.extend(nodes)
            self._first = []
            self.edited()

    def new_node(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> NodeProto:
        """A node with names of its own, which is not in the graph yet."""
        name = self._node_names.take(_PREFIX + operator)
        return helper.make_node(operator, inputs, [output or self.unique(name)], name=name, **attributes)

    # -- the border ---------------------------------------------------------------------------------------------

    def replace_input(self, name: str, infos: Sequence[ValueInfoProto]) -> None:
        """Puts other inputs in the place of one; its value must then be made by a prepended node."""
        inputs = list(self.proto.input)
        at = [info.name for info in inputs].index(name)
        inputs[at : at + 1] = infos
        del self.proto.input[:]
        self.proto.input.extend(inputs)

    def replace_output(self, name: str, value: str, element_type: int, shape: Sequence[int | str | None]) -> None:
        """Gives out ``value`` in the place of the output ``name``."""
        outputs = list(self.proto.output)
        at = [info.name for info in outputs].index(name)
        outputs[at] = helper.make_tensor_value_info(value, element_type, list(shape))
        del self.proto.output[:]
        self.proto.output.extend(outputs)

    def input_info(self, name: str) -> ValueInfoProto:
        """The graph input of this name.

        Raises:
            PackError: There is none.
        """
        for info in self.proto.input:
            if info.name == name:
                return info
        known = ", ".join(f"'{info.name}'" for info in self.proto.input)
        raise PackError(f"{self.name}: there is no input '{name}'; the inputs are {known}", tensor=name)

    def remove_dead_nodes(self) -> None:
        """Removes nodes that no output needs."""
        needed = {output.name for output in self.proto.output}
        kept: list[NodeProto] = []
        for node in reversed(self.proto.node):
            if any(output in needed for output in node.output):
                kept.append(node)
                needed.update(node.input)
                needed.update(captured(node))
        if len(kept) != len(self.proto.node):
            del self.proto.node[:]
            self.proto.node.extend(reversed(kept))
            self.edited()

    def drop_unused_constants(self) -> None:
        """Removes constants that no node and no output needs, and their external data."""
        needed = {output.name for output in self.proto.output}
        for node in self.proto.node:
            needed.update(node.input)
            needed.update(captured(node))
        constants = self.proto.initializer
        for at in reversed(range(len(constants))):
            if constants[at].name not in needed:
                del constants[at]
        self.edited()
        tensors = [tensor for tensor in self.proto.initializer if tensor.data_location == TensorProto.EXTERNAL]
        if sum(length for _, length in {place_of(tensor) for tensor in tensors}) == self.weights.stored:
            return
        kept = Weights()
        for tensor in tensors:
            refer(tensor, *kept.add(self.weights.read(*place_of(tensor))))
        self.weights.close()
        self.weights = kept

    def restore_defaults(self) -> None:
        """Lists the constants that the file lists as inputs: engines do not fold them, which can change last bits."""
        constants = {constant.name for constant in self.proto.initializer}
        self.proto.input.extend(info for info in self._default_inputs if info.name in constants)


def shape_of(info: ValueInfoProto) -> tuple[int | str | None, ...] | None:
    """Dimensions of a value: numbers, names, None for unknown ones; None when the rank is unknown."""
    kind = info.type.tensor_type
    if not kind.HasField("shape"):
        return None
    # Some exporters write -1 for a dimension that is not known.
    return tuple(
        dimension.dim_value
        if dimension.HasField("dim_value") and dimension.dim_value >= 0
        else dimension.dim_param or None
        for dimension in kind.shape.dim
    )


def fixed_shape(info: ValueInfoProto, what: str) -> tuple[int, ...]:
    """The shape of a value all of whose dimensions are numbers.

    Raises:
        PackError: A dimension is dynamic, or the rank is unknown.
    """
    shape = shape_of(info)
    if shape is None:
        raise PackError(f"{what}: the model does not say how many dimensions it has; give its shape")
    fixed = tuple(dimension for dimension in shape if isinstance(dimension, int))
    if len(fixed) != len(shape):
        names = [dimension if dimension is not None else "?" for dimension in shape]
        raise PackError(f"{what}: the shape {names} has dynamic dimensions; give a fixed one (input_shape)")
    return fixed
