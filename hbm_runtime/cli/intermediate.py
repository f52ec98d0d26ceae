"""``--dump_intermediate``: what the operations of a model compute, into files."""

from __future__ import annotations

import argparse
from pathlib import Path

from hbm_runtime.cli.arguments import Parser, integer
from hbm_runtime.cli.dump import DIGITS, dump_tensors
from hbm_runtime.cli.models import LoadedModels, ModelFacts, read_files
from hbm_runtime.cli.running import Outputs

# By the number that the vendor's tool takes: kinds of file, and whether rows keep their padding.
_FORMS = {1: (("bin",), False), 2: (("bin", "txt"), True), 3: (("bin", "txt"), False)}


def add_dump_arguments(parser: Parser) -> None:
    """Declares where and how tensors are written."""
    parser.add_option(
        "dump_intermediate",
        metavar="N",
        type=integer(0, 3),
        default=0,
        help="also write what the model's operations compute: 1 bin, 2 bin and txt with padding, 3 bin and txt without",
    )
    parser.add_option(
        "dump_precision", metavar="N", type=integer(1, 17), default=DIGITS, help=f"digits in txt; default: {DIGITS}"
    )
    parser.add_option(
        "dump_path", metavar="FOLDER", type=Path, default=Path(), help="where; default: the present folder"
    )


def dump_intermediate(
    arguments: argparse.Namespace, models: LoadedModels, model: ModelFacts, inputs: Outputs
) -> list[Path]:
    """Runs the model once more, with all intermediate tensors as outputs, and writes those; returns the files.

    Raises:
        UnsupportedError: The driver cannot give intermediate tensors.
    """
    if not arguments.dump_intermediate:
        return []
    outputs = models.again(keep="*").run(inputs, model.name)[model.name]
    own = {tensor.name for tensor in model.outputs}
    kept = {name: array for name, array in outputs.items() if name not in own}
    kinds, padded = _FORMS[arguments.dump_intermediate]
    return [
        path
        for kind in kinds
        for path in dump_tensors(
            kept,
            arguments.dump_path,
            kind,
            role="intermediate",
            padded=padded,
            digits=arguments.dump_precision,
            inputs=read_files(arguments, models),
        ).values()
    ]
