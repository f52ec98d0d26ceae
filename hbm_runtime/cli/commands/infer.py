"""``hbm-runtime infer``: run a model on given inputs, look at its outputs, write them."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.cli.arguments import Parser, integer
from hbm_runtime.cli.dump import FORMATS, dump_tensors
from hbm_runtime.cli.errors import ExitCode, UsageError
from hbm_runtime.cli.inputs import add_input_arguments, read_inputs
from hbm_runtime.cli.intermediate import add_dump_arguments, dump_intermediate
from hbm_runtime.cli.models import add_model_arguments, open_models, read_files
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.running import Outputs, add_running_arguments, prepare_run
from hbm_runtime.cli.tables import Column, Facts, Table

SUMMARY = "run a model on files and show or write its outputs"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    add_model_arguments(parser)
    add_input_arguments(parser, required=True)
    add_running_arguments(parser)
    parser.add_option("frame_count", metavar="N", type=integer(1), default=1, help="how often; default: 1")
    parser.add_option("values", metavar="N", type=integer(0), default=0, help="also show the first N of each output")
    parser.add_flag("enable_dump", default=False, help="write the outputs of the last frame")
    parser.add_option("dump_format", choices=FORMATS, default="bin", help="default: bin")
    parser.add_flag("dump_padded", default=False, help="bin files keep the padding of the device's rows")
    add_dump_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Runs the model and shows what came out."""
    if arguments.dump_padded and arguments.dump_format != "bin":
        raise UsageError("--dump_padded goes with --dump_format bin only")
    models = open_models(arguments)
    model = models.only(arguments.model_name)
    if not arguments.input_file:
        names = ", ".join(f"{tensor.name} ({tensor.dtype.name} {list(tensor.shape)})" for tensor in model.inputs)
        raise UsageError(f"--input_file must give files for the inputs of model {model.name!r}: {names}")
    inputs = read_inputs(arguments, model, output)
    run_once = prepare_run(arguments, models, model, inputs)

    times: list[float] = []
    outputs: Outputs = {}
    with output.progress("infer") as progress:
        for frame in range(arguments.frame_count):
            begin = time.perf_counter()
            outputs = run_once()
            times.append((time.perf_counter() - begin) * 1e3)
            progress.update((frame + 1) / arguments.frame_count)
    files: dict[str, Path] = {}
    if arguments.enable_dump:
        files = dump_tensors(
            outputs,
            arguments.dump_path,
            arguments.dump_format,
            padded=arguments.dump_padded,
            digits=arguments.dump_precision,
            inputs=read_files(arguments, models),
        )
    intermediate = dump_intermediate(arguments, models, model, inputs)
    result = Result(models.runtime.version, model.name, outputs, times, files, intermediate)
    _print(result, arguments.values, output)
    output.document(_document(result, arguments.values))
    return ExitCode.DONE


@dataclass(frozen=True)
class Result:
    """What an inference gave.

    Attributes:
        driver_version: Version of the driver that ran it.
        model: Which model it was.
        outputs: Outputs of the last frame.
        times: Milliseconds of each frame.
        files: Dumped outputs by name.
        intermediate: Files of dumped intermediate tensors.
    """

    driver_version: str
    model: str
    outputs: Outputs
    times: list[float]
    files: dict[str, Path]
    intermediate: list[Path]


def _print(result: Result, count: int, output: Output) -> None:
    facts = Facts("")
    facts.add("model", result.model)
    facts.add("driver", result.driver_version)
    shown = ", ".join(f"{value:.3f}" for value in result.times[:10])
    facts.add("infer time", shown + (" ... ms" if result.times[10:] else " ms"))
    output.table(facts)
    table = Table(
        "outputs",
        [
            Column("#", right=True),
            Column("name", strong=True),
            Column("type"),
            Column("shape"),
            *(Column(title, right=True) for title in ("min", "max", "mean", "std")),
        ],
    )
    for index, (name, array) in enumerate(result.outputs.items()):
        cells = ["" if value is None else f"{value:.6g}" for value in _statistics(array).values()]
        table.add(index, name, array.dtype, f"({','.join(map(str, array.shape))})", *cells)
    output.table(table)
    for name, array in result.outputs.items() if count else ():
        output.text(f"{name}: {' '.join(f'{value:.6g}' for value in array.reshape(-1)[:count].tolist())}")
    for path in [*result.files.values(), *result.intermediate]:
        output.text(f"wrote {path}")


def _statistics(array: NDArray[Any]) -> dict[str, float | None]:
    """Returns statistics of the finite elements; None where there are none, or for a value beyond float64."""
    values = array.astype(np.float64).reshape(-1)
    values = values[np.isfinite(values)]
    if not values.size:
        return dict.fromkeys(("min", "max", "mean", "std"))
    with np.errstate(over="ignore", invalid="ignore"):
        found = {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


def _document(result: Result, count: int) -> dict[str, Any]:
    return {
        "model": result.model,
        "driver_version": result.driver_version,
        "infer_ms": result.times,
        "outputs": [
            {
                "name": name,
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                **_statistics(array),
                "non_finite": int(array.size - np.isfinite(array).sum()),
                "values": [_number(value) for value in array.reshape(-1)[:count].tolist()],
                "file": str(result.files[name]) if name in result.files else None,
            }
            for name, array in result.outputs.items()
        ],
        "intermediate_files": [str(path) for path in result.intermediate],
    }


def _number(value: float) -> float | str:
    """JSON has no infinities."""
    return value if np.isfinite(value) else str(value)
