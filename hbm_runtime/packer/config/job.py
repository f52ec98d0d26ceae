"""From a configuration file to what the packer needs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from hbm_runtime.packer.config.calibration_data import find_samples
from hbm_runtime.packer.config.description import describe
from hbm_runtime.packer.config.inputs import ConfiguredInput, configured_inputs
from hbm_runtime.packer.config.read import Configuration, read_configuration
from hbm_runtime.packer.config.rules import check_rules, output_type
from hbm_runtime.packer.config.schema import COMPILER, INPUT, MODEL
from hbm_runtime.packer.graph.graph import shape_of
from hbm_runtime.packer.graph.load import ModelFile, read_inputs
from hbm_runtime.packer.options import ImageRules, ModelOptions
from hbm_runtime.packer.version import version

Shapes = dict[str, tuple[int | str | None, ...]]


@dataclass(frozen=True)
class PackJob:
    """What a configuration asks for.

    Attributes:
        source: The ONNX model.
        options: How it is packed.
        output: Where the vendor's compiler would write the result.
        parsed: The model as it was read for this.
    """

    source: Path
    options: ModelOptions
    output: Path
    parsed: ModelFile = field(compare=False, repr=False)


def load_config(path: str | os.PathLike[str], rules: ImageRules | None = None) -> PackJob:
    """Reads a configuration of the vendor's compiler (config mode), with the model and calibration data it names.

    Relative paths are looked up from the working folder, then from the folder of the configuration.

    Args:
        path: The YAML file.
        rules: Decisions about image inputs that no document settles.

    Raises:
        PackError: The configuration is broken, contradicts itself or does not fit the model.
    """
    configuration = read_configuration(path)
    check_rules(configuration)
    source = _model_path(configuration)
    parsed = ModelFile(source)
    shapes: Shapes = {info.name: shape_of(info) or () for info in read_inputs(parsed)}
    inputs = configured_inputs(configuration, shapes, rules or ImageRules())
    shapes = _final_shapes(configuration, inputs, shapes)
    model, compiler = configuration.values[MODEL], configuration.values[COMPILER]
    prefix = model["output_model_file_prefix"]
    options = ModelOptions(
        name=prefix,
        march=model["march"],
        core_count=compiler["core_num"],
        description=describe(configuration, inputs, shapes, version()),
        input_shapes={
            name: tuple(dimension for dimension in shape if isinstance(dimension, int))
            for name, shape in shapes.items()
            if all(isinstance(dimension, int) for dimension in shape)
        },
        output_nodes=model["output_nodes"],
        remove_types=model["remove_node_type"],
        remove_names=model["remove_node_name"],
        inputs={entry.name: entry.option for entry in inputs},
        default_output_dtype=output_type(configuration),
        samples=find_samples(configuration, inputs, shapes),
        pad_inputs=not _switch(configuration, "input_no_padding"),
        pad_outputs=not _switch(configuration, "output_no_padding"),
    )
    return PackJob(source, options, Path(model["working_dir"]) / f"{prefix}.hbm", parsed)


def _model_path(configuration: Configuration) -> Path:
    given = Path(configuration.text(MODEL, "onnx_model"))
    for path in (given, configuration.path.parent / given):
        if path.exists():
            return path
    raise configuration.error(MODEL, "onnx_model", f"there is no file {given}")


def _switch(configuration: Configuration, name: str) -> bool:
    """A switch that stands in compiler_parameters or in their extra_params."""
    compiler = configuration.values[COMPILER]
    direct, extra = compiler[name], (compiler["extra_params"] or {}).get(name)
    if extra is not None and not isinstance(extra, bool):
        raise configuration.error(COMPILER, "extra_params", f"{name} is true or false, not {extra!r}")
    if direct is not None and extra is not None and direct != extra:
        raise configuration.error(COMPILER, name, "extra_params says the opposite")
    return bool(direct if direct is not None else extra)


def _final_shapes(configuration: Configuration, inputs: list[ConfiguredInput], shapes: Shapes) -> Shapes:
    """Shapes after input_shape and input_batch."""
    batch = configuration.values[INPUT]["input_batch"]
    final: Shapes = {}
    for entry in inputs:
        shape = entry.shape if entry.shape is not None else shapes[entry.name]
        if entry.shape is not None and len(entry.shape) != len(shapes[entry.name]):
            raise configuration.error(
                INPUT,
                "input_shape",
                f"input '{entry.name}': {len(entry.shape)} dimensions, the model has {len(shapes[entry.name])}",
            )
        if batch is not None:
            if not shape or (isinstance(shape[0], int) and shape[0] != 1):
                raise configuration.error(
                    INPUT, "input_batch", f"input '{entry.name}' has the shape {list(shape)}; its first must be 1"
                )
            shape = (batch, *shape[1:])
        final[entry.name] = shape
    return final
