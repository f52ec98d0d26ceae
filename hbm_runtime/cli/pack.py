"""``hbm-runtime pack``: an ONNX model, alone or by the vendor's configuration, into a host file."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hbm_runtime.packer import (
    ImageRules,
    ModelOptions,
    PackError,
    PackWarning,
    UnsignedActivations,
    is_host_model,
    pack,
    pack_config,
    read_file,
)
from hbm_runtime.packer.config.schema import MARCHES, MULTI_CORE_MARCHES
from hbm_runtime.packer.options import Progress as Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("-c", "--config", metavar="FILE", help="a YAML configuration of the vendor's compiler")
    source.add_argument("-m", "--model", metavar="FILE", help="an ONNX model; its tensors stay as they are")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write")
    parser.add_argument("--description", default="", metavar="TEXT", help="description of the file")
    quick = parser.add_argument_group("with --model")
    quick.add_argument("--march", choices=MARCHES, help="the board's BPU; default: any")
    quick.add_argument("--name", help="name of the model; default: the file's stem")
    quick.add_argument("--core-num", type=int, default=1, metavar="N", help="BPU cores, 1 to 4 (default 1)")
    quick.add_argument(
        "-i", "--input-shape", nargs=2, action="append", default=[], metavar=("NAME", "1x3x224x224"), help="fix a shape"
    )
    quick.add_argument("--output-no-padding", action="store_true", help="do not pad the rows of outputs")
    image = parser.add_argument_group("with --config: what no document settles about image inputs")
    image.add_argument("--signed-images", action="store_true", help="rgb, bgr and yuv444 inputs are S8, 128 less")
    image.add_argument("--gray-suffix", default="_y", metavar="TEXT", help="ending of gray plane names (default _y)")
    image.add_argument("--roi-end", choices=("inclusive", "exclusive"), default="inclusive", help="right and bottom")
    image.add_argument("--no-clip", action="store_true", help="do not cut converted colours to 0..255")
    image.add_argument("--round", action="store_true", help="round converted colours to whole numbers")


def run(arguments: argparse.Namespace) -> int:
    """Packs the model; returns 0, or 1 with one line that says what is wrong."""
    console = Console(stderr=True, highlight=False)
    try:
        with _shown_warnings(console), _progress(console) as report:
            written = _pack(arguments, report)
    except PackError as error:
        console.print(f"hbm-runtime pack: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    models = ", ".join(model.name for model in read_file(written).models) if is_host_model(written) else ""
    print(f"{written} ({written.stat().st_size / 1e6:.1f} MB): {models}")
    return 0


def _pack(arguments: argparse.Namespace, report: Report) -> Path:
    if arguments.config:
        if arguments.march or arguments.name or arguments.input_shape or arguments.core_num != 1:
            raise PackError(
                "--march, --name, --core-num and --input-shape are for --model; the configuration has its own"
            )
        rules = ImageRules(
            signed=arguments.signed_images,
            gray_plane_suffix=arguments.gray_suffix,
            roi_end_inclusive=arguments.roi_end == "inclusive",
            clip=not arguments.no_clip,
            round=arguments.round,
        )
        return pack_config(
            arguments.config, arguments.output, rules=rules, description=arguments.description, progress=report
        )
    if arguments.core_num > 1 and arguments.march and arguments.march not in MULTI_CORE_MARCHES:
        raise PackError(f"--core-num: {arguments.march} has one core, {arguments.core_num} are asked for")
    output = Path(arguments.output or Path(arguments.model).with_suffix(".hbm").name)
    options = ModelOptions(
        name=arguments.name,
        march=arguments.march or "",
        core_count=arguments.core_num,
        input_shapes={name: _shape(name, text) for name, text in arguments.input_shape},
        pad_outputs=not arguments.output_no_padding,
        unsigned_activations=UnsignedActivations.AUTO,
    )
    pack(arguments.model, output, options, description=arguments.description, progress=report)
    return output


def _shape(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        raise PackError(f"--input-shape {name}: '{text}' is no shape; write it as 1x3x224x224") from None


@contextmanager
def _progress(console: Console) -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=1.0)

        def report(stage: str, part: float) -> None:
            bar.update(task, description=stage, completed=part)

        yield report


@contextmanager
def _shown_warnings(console: Console) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", PackWarning)

        def show(message: Warning | str, category: type[Warning], *_place: object) -> None:
            if issubclass(category, PackWarning):
                console.print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)

        warnings.showwarning = show  # type: ignore[assignment]
        yield
