"""``hbm-runtime compare``: how far two models lie apart on the same inputs."""

from __future__ import annotations

import argparse

from hbm_runtime.cli.arguments import Parser, number
from hbm_runtime.cli.errors import ExitCode, UsageError
from hbm_runtime.cli.models import add_driver_arguments, choose_driver, load_options
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.packing import packing
from hbm_runtime.cli.passphrase import add_passphrase_argument, read_passphrase
from hbm_runtime.cli.tables import Column, Table

SUMMARY = "compare the outputs of two models, such as an ONNX file and the .hbm packed from it"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("reference", metavar="REFERENCE", help="the model that counts as right: .onnx or .hbm")
    parser.add_argument(
        "other",
        nargs="?",
        metavar="OTHER",
        help="the model to judge: .hbm or .onnx; with --engine or --rewrite, default: REFERENCE",
    )
    parser.add_option(
        "inputs",
        nargs="+",
        metavar="FILE",
        default=[],
        help="samples for OTHER: pictures, .npz, .npy or name=file.npy; default: one of random values",
    )
    parser.add_option("model_name", metavar="NAME", help="which model of OTHER")
    parser.add_option(
        "least_cosine", metavar="C", type=number(-1), default=0.99, help="exit with 3 below it; default: 0.99"
    )
    parser.add_option("largest_error", metavar="E", type=number(0), help="exit with 3 above that absolute difference")
    add_passphrase_argument(parser)
    add_driver_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Runs both models and reports."""
    differently = bool(arguments.engine or arguments.rewrite)
    other_path = arguments.other or (arguments.reference if differently else None)
    if other_path is None:
        raise UsageError("OTHER is missing: the model to judge, or --engine or --rewrite for the same one otherwise")
    choose_driver(arguments)
    passphrase = read_passphrase([arguments.reference, other_path], arguments)
    with packing(output, "compare") as report:
        from hbm_runtime.compare import compare_models, open_model, read_samples  # noqa: PLC0415 (needs an extra)

        report("loading", 0.0)
        options = {"engine": arguments.engine, **load_options(arguments)}
        own = "onnxruntime" if arguments.engine and not arguments.reference.endswith(".onnx") else None
        reference = open_model(arguments.reference, passphrase=passphrase, engine=own)
        other = open_model(other_path, arguments.model_name, passphrase=passphrase, **options)
        samples = read_samples(other, arguments.inputs)
        report(f"{len(samples)} samples", 0.5)
        result = compare_models(reference, other, samples)
    passed = result.passes(least_cosine=arguments.least_cosine, largest_error=arguments.largest_error)
    titles = ("cosine", "largest error", "mean error", "largest value", "equal")
    table = Table(
        f"{other_path} against {arguments.reference}, samples: {result.samples}",
        [Column("output", strong=True), Column("shape"), *(Column(title, right=True) for title in titles)],
    )
    for row in result.outputs:
        figures = (f"{value:.6g}" for value in (row.largest_error, row.mean_error, row.largest_value))
        shape = f"({','.join(map(str, row.shape))})"
        table.add(row.name, shape, f"{row.cosine:.8f}", *figures, f"{row.equal:.2%}")
    output.table(table)
    if differently:
        output.text(f"computed by {other.computed_by}; reference: {reference.computed_by}")
    bounds = f"cosine >= {arguments.least_cosine:g}"
    if arguments.largest_error is not None:
        bounds += f", largest error <= {arguments.largest_error:g}"
    output.heading(f"{'passed' if passed else 'FAILED'}: {bounds}")
    output.document({"passed": passed, "computed_by": other.computed_by, **result.to_json()})
    return ExitCode.DONE if passed else ExitCode.BELOW_THRESHOLD
