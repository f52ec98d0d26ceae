"""``hbm-runtime model_info``: what a model takes and gives."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hbm_runtime import ModelError
from hbm_runtime._inputs.arrays import padded_bytes
from hbm_runtime._inputs.description import Description
from hbm_runtime._models.tensor_document import tensor_document
from hbm_runtime._models.tensor_info import TensorInfo
from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.drawing import describe_graph, dot_text, draw_svg
from hbm_runtime.cli.errors import CommandError, ExitCode, UsageError
from hbm_runtime.cli.models import LoadedModels, ModelFacts, add_model_arguments, open_models
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.sidecar import beside, how_to_get_a_sidecar, read_sidecar, vendor_text
from hbm_runtime.cli.sidecar.document import SidecarModel, SidecarTensor
from hbm_runtime.cli.tables import Column, Facts, Table
from hbm_runtime.cli.writing import output_file

SUMMARY = "show the models of files: inputs, outputs, quantisation, descriptions"

_INCOMPATIBLE = -600004
"""HB_UCP_MODEL_INCOMPATIBLE."""
_MAIN_KEYS = (
    "BUILDER_VERSION",
    "MARCH",
    "ONNX_MODEL",
    "INPUT_TYPE_RT",
    "INPUT_TYPE_TRAIN",
    "INPUT_SPACE_AND_RANGE",
    "INPUT_LAYOUT_TRAIN",
    "NORM_TYPE",
    "MEAN_VALUE",
    "SCALE_VALUE",
    "STD_VALUE",
    "REMOVE_NODE_TYPE",
    "CORE_NUM",
    "MAX_TIME_PER_FC",
    "INPUT_SOURCE",
)
_DRAWINGS = {".dot": dot_text, ".svg": draw_svg}


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    add_model_arguments(parser)
    parser.add_option("verbose", action="store_true", help="whole descriptions and all quantisation parameters")
    parser.add_option(
        "graph",
        metavar="FILE",
        type=Path,
        help="draw the model (.dot; with Graphviz .svg): inputs, operations, outputs",
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Loads the files and prints the driver's metadata."""
    draw = _DRAWINGS.get(arguments.graph.suffix.lower()) if arguments.graph is not None else None
    if arguments.graph is not None and draw is None:
        raise UsageError(f"--graph {arguments.graph}: the name must end in .dot or .svg")
    try:
        models = open_models(arguments)
    except ModelError as error:
        return _board_model(arguments, output, error)
    names = [arguments.model_name] if arguments.model_name else models.runtime.model_names
    chosen = [models.only(name) for name in names]
    if draw is not None:
        drawing = draw(describe_graph(models, models.only(arguments.model_name)))
        with output_file(arguments.graph, models.files) as file:
            file.write(drawing.encode())
    _print_files(models, output)
    for model in chosen:
        _print_model(model, output, verbose=arguments.verbose)
    if arguments.graph is not None:
        output.text(f"wrote {arguments.graph}")
    output.document(_document(models, chosen))
    return ExitCode.DONE


def _board_model(arguments: argparse.Namespace, output: Output, error: ModelError) -> ExitCode:
    """Prints what the sidecar or the vendor's tool says of a board's model, which does not load here."""
    files = [Path(name) for name in (*arguments.model_file, *arguments.files)]
    if len(files) != 1 or files[0].suffix != ".hbm" or error.status != _INCOMPATIBLE:
        raise error
    path = beside(files[0])
    if path is None:
        text = vendor_text(files[0])
        if text is None:
            raise CommandError(f"{error}\n{how_to_get_a_sidecar(files[0])}") from None
        output.text(text)
        output.document({"file": str(files[0]), "vendor_text": text})
        return ExitCode.DONE
    sidecar = read_sidecar(path)
    models = [sidecar.model(arguments.model_name)] if arguments.model_name else sidecar.models
    facts = Facts("")
    facts.add("file", f"{files[0]} does not load here; this is what {path} says")
    facts.add("driver", sidecar.driver_version)
    facts.add("models", f"{len(sidecar.models)}: {', '.join(model.name for model in sidecar.models)}")
    output.table(facts)
    for model in models:
        _print_model(model, output, verbose=arguments.verbose)
    output.document({**sidecar.document, "sidecar": str(path)})
    return ExitCode.DONE


def _print_files(models: LoadedModels, output: Output) -> None:
    facts = Facts("")
    facts.add("driver", models.runtime.version)
    facts.add("loaded in", f"{models.load_seconds * 1e3:.1f} ms")
    for file, description in models.runtime.hbm_descs.items():
        facts.add("file", f"{file}\n{description}" if description else file)
    facts.add("models", f"{models.runtime.model_count}: {', '.join(models.runtime.model_names)}")
    output.table(facts)


def _print_model(model: ModelFacts | SidecarModel, output: Output, *, verbose: bool) -> None:
    cores = "" if model.core_count == 1 else f" (compiled for {model.core_count} cores)"
    output.heading(f"[{model.name}]{cores}")
    if model.engine_reason:
        output.text(f"computed by {model.engine}: {model.engine_reason}")
    output.text()
    for title, tensors in (("inputs", model.inputs), ("outputs", model.outputs)):
        table = Table(
            title,
            [
                Column("#", right=True),
                Column("name", strong=True),
                Column("type"),
                Column("shape"),
                Column("stride"),
                Column("bytes", right=True),
                Column("quantisation"),
            ],
        )
        for tensor in tensors:
            size = padded_bytes(tensor)
            table.add(
                tensor.index,
                tensor.name,
                tensor.dtype.name,
                _tuple(tuple(name or size for name, size in zip(tensor.dim_names, tensor.shape, strict=True))),
                _tuple(tensor.strides),
                "dynamic" if size is None else size,
                _quantisation(tensor, verbose=verbose),
            )
        output.table(table)
    _print_description(model, output, verbose=verbose)


def _print_description(model: ModelFacts | SidecarModel, output: Output, *, verbose: bool) -> None:
    values = Description.read(model.description).values
    if not values:
        if model.description:
            output.heading("description")
            output.text(model.description)
            output.text()
        return
    facts = Facts("description" if verbose else "description (--verbose shows all of it)")
    for key, value in values.items():
        if verbose or (key in _MAIN_KEYS and value not in (None, "", [], {})):
            facts.add(key, value)
    output.table(facts)


def _tuple(values: tuple[object, ...]) -> str:
    return f"({','.join(map(str, values))})"


def _quantisation(tensor: TensorInfo | SidecarTensor, *, verbose: bool) -> str:
    kind = tensor.quant.quant_type.name
    scale, zero = tensor.quant.scale, tensor.quant.zero_point
    if kind == "NONE" or not scale.size:
        return kind
    if verbose:
        return f"{kind} axis {tensor.quant.axis} scale {scale.tolist()} zero point {zero.tolist()}"
    offset = f" zero point {zero[0]}" if zero.size == 1 and zero[0] else " zero points" if zero.any() else ""
    if scale.size == 1:
        return f"{kind} {scale[0]:.6g}{offset}"
    return f"{kind} axis {tensor.quant.axis}: {scale.size} from {scale.min():.4g} to {scale.max():.4g}{offset}"


def _document(models: LoadedModels, chosen: list[ModelFacts]) -> dict[str, Any]:
    return {
        "driver_version": models.runtime.version,
        "load_ms": models.load_seconds * 1e3,
        "files": [{"path": path, "description": text} for path, text in models.runtime.hbm_descs.items()],
        "models": [
            {
                "name": model.name,
                "compile_bpu_core_num": model.core_count,
                "engine": model.engine,
                "engine_reason": model.engine_reason,
                "description": model.description,
                "configuration": Description.read(model.description).values or None,
                "inputs": [_tensor(tensor) for tensor in model.inputs],
                "outputs": [_tensor(tensor) for tensor in model.outputs],
            }
            for model in chosen
        ],
    }


def _tensor(tensor: TensorInfo) -> dict[str, Any]:
    document = tensor_document(tensor)
    # The names of 1.0, readable for another release.
    old = {"bytes": padded_bytes(tensor), "quantisation": document["quant"], "description": tensor.desc}
    return document | old
