"""Turns one ONNX model into a model of a host file."""

from __future__ import annotations

import logging

from onnx import ValueInfoProto

from hbm_runtime.packer.container import DYNAMIC, Model, Operation, Tensor
from hbm_runtime.packer.container.rules import check_apart
from hbm_runtime.packer.errors import PackError, about
from hbm_runtime.packer.graph.graph import Graph
from hbm_runtime.packer.graph.load import ModelFile, Source, check_border, load_graph
from hbm_runtime.packer.graph.operators import check_loads, try_graph
from hbm_runtime.packer.graph.shapes import (
    complete_output_shapes,
    complete_outputs,
    largest_output_shapes,
    set_input_shapes,
)
from hbm_runtime.packer.layout import aligned_size, row_alignment, strides_of
from hbm_runtime.packer.options import ImageInput, ModelOptions, Progress, TensorOptions
from hbm_runtime.packer.transform.border import BorderTensor
from hbm_runtime.packer.transform.cut import cut_at
from hbm_runtime.packer.transform.inputs import InputStage
from hbm_runtime.packer.transform.integer_layers import pair_layers
from hbm_runtime.packer.transform.outputs import OutputStage
from hbm_runtime.packer.transform.ranges import measure_ranges
from hbm_runtime.packer.transform.removal import remove_border_nodes
from hbm_runtime.packer.transform.unsigned_activations import rewrite_signed_activations

_log = logging.getLogger("hbm_runtime.packer")


def build_model(
    source: Source | ModelFile, options: ModelOptions | None = None, progress: Progress | None = None
) -> Model:
    """Makes the graph, tensors and description of one model.

    Args:
        source: An ONNX file, its bytes, or a ``ModelProto`` (not changed); a ``ModelFile`` is not parsed again.
        options: What it should look like; None keeps all tensors as the graph declares them.
        progress: Told about the stages.

    Raises:
        PackError: The model or the options cannot be packed.
    """
    options = options or ModelOptions()
    report = progress or (lambda _stage, _part: None)
    report("reading the model", 0.0)
    name, graph = load_graph(source, options.name, editable=_edits(options))
    try:
        with about(model=name):
            return _build(name, graph, options, report)
    finally:
        graph.weights.close()


def _edits(options: ModelOptions) -> bool:
    """Returns True if the options ask for another graph than the model's own.

    Otherwise everything that an engine could look at stays, so that it computes the same bytes as without packing.
    """
    return any(
        (
            options.input_shapes,
            options.output_nodes,
            options.remove_types,
            options.remove_names,
            options.inputs,
            options.outputs,
        )
    )


def _build(name: str, graph: Graph, options: ModelOptions, report: Progress) -> Model:
    _check_input_names(graph, options)
    set_input_shapes(graph, options.input_shapes)
    if options.output_nodes:
        cut_at(graph, options.output_nodes)
    declared = [ValueInfoProto.FromString(output.SerializeToString()) for output in graph.proto.output]
    contradicted = False
    if options.check_operators:
        report("trying the model", 0.05)
        contradicted = _learn_outputs(graph, options.trial_seconds)
    else:
        complete_output_shapes(graph)
    check_border(graph)
    largest = largest_output_shapes(graph, options.max_input_shapes)
    images = [name for name, option in options.inputs.items() if isinstance(option, ImageInput)]
    removal = remove_border_nodes(graph, options.remove_types, options.remove_names, images)
    outputs, inputs = OutputStage(graph, options, removal), InputStage(graph, options, removal)
    unknown = {**outputs.unknown_ranges(), **inputs.unknown_ranges()}
    ranges = measure_ranges(graph, unknown, options.samples, lambda stage, part: report(stage, 0.1 + 0.6 * part))
    report("editing the graph", 0.7)
    given_out = outputs.apply(ranges)
    taken_in = inputs.apply(ranges)
    _check_tensor_names(graph, options, [*taken_in, *given_out])
    graph.finish_prepending()
    rewritten = _rewrite(graph, options)
    if _edits(options):
        graph.remove_dead_nodes()
        del graph.proto.value_info[:]
    elif contradicted:
        # An engine may compute from declarations what it would else compute from values, also from wrong ones.
        del graph.proto.output[:]
        graph.proto.output.extend(declared)
    graph.drop_unused_constants()
    graph.restore_defaults()
    report("checking", 0.8)
    if options.check_operators and (rewritten or _edits(options)):
        check_loads(graph)
    return Model(
        name=name,
        graph=graph.model.SerializeToString(deterministic=True),
        weights=graph.weights.mapped(),
        inputs=tuple(_reported(tensor, options, pad=options.pad_inputs and not tensor.image) for tensor in taken_in),
        outputs=tuple(
            _reported(tensor, options, pad=options.pad_outputs, largest=largest.get(tensor.name))
            for tensor in given_out
        ),
        # Only for people: no name of a node is a reason to refuse the model.
        operations=tuple(Operation(node.name.replace("\0", "\\0"), node.op_type) for node in graph.proto.node),
        description=options.description.encode(),
        core_count=options.core_count,
    )


def _learn_outputs(graph: Graph, seconds: float) -> bool:
    """Takes over what the engine says about outputs, again while it corrects declarations: it concludes from them.

    Returns:
        True if a declaration was wrong.
    """
    for count, trial_seconds in enumerate((seconds, *(0 for _ in graph.proto.output))):
        if not complete_outputs(graph, try_graph(graph, trial_seconds)):
            return count > 0
    return True


def _rewrite(graph: Graph, options: ModelOptions) -> bool:
    """Makes quantised nodes faster, and says so: engines may round otherwise where they compute in integers."""
    layers = pair_layers(graph, options.integer_layers)
    activations = rewrite_signed_activations(graph, options.unsigned_activations)
    for count, what, option in (
        (layers, "quantised layers were made such that engines compute them in integers", "integer_layers"),
        (activations, "signed 8-bit activations became unsigned ones", "unsigned_activations"),
    ):
        if count:
            _log.info(
                "%s: %d %s: node by node the numbers are the same; fused in an engine each layer can round to the "
                "next step of its integers. ModelOptions(%s=Rewriting.NEVER) leaves them alone",
                graph.name,
                count,
                what,
                option,
            )
    return bool(layers or activations)


def _check_input_names(graph: Graph, options: ModelOptions) -> None:
    for named in (options.inputs, options.input_shapes, options.max_input_shapes):
        for name in named:
            graph.input_info(name)


def _check_tensor_names(graph: Graph, options: ModelOptions, tensors: list[BorderTensor]) -> None:
    known = [tensor.name for tensor in tensors]
    for name in options.tensors:
        if name not in known:
            there = ", ".join(map(repr, known))
            raise PackError(f"{graph.name}: there is no tensor '{name}'; there are {there}", tensor=name)


def _reported(
    tensor: BorderTensor, options: ModelOptions, *, pad: bool, largest: tuple[int, ...] | None = None
) -> Tensor:
    """What the driver will say of a tensor; ``largest`` is the shape that a dynamic output has at most."""
    option = options.tensors.get(tensor.name, TensorOptions())
    size = tensor.dtype.size
    strides = tensor.strides if option.strides is None else tuple(option.strides)
    alignment = row_alignment(options.march) if pad else 1
    if option.strides is not None and len(option.strides) == len(tensor.shape):
        # Who fills open strides later has to keep to the SoC's alignment.
        with about(tensor=tensor.name):
            check_apart(tensor.shape, option.strides, f"tensor '{tensor.name}'", row_alignment(options.march))
    if strides is None:
        strides = strides_of(tensor.shape, size, alignment)
    allocated = aligned_size(tensor.shape, strides, size) if tensor.rank_known else DYNAMIC
    if DYNAMIC in tensor.shape and largest is not None:
        allocated = aligned_size(largest, strides_of(largest, size, alignment), size)
    return Tensor(
        name=tensor.name,
        graph_name=tensor.graph_name,
        dtype=tensor.dtype,
        shape=tensor.shape,
        strides=strides,
        aligned_size=allocated,
        quantisation=tensor.quantisation,
        description=option.description.encode(),
    )
