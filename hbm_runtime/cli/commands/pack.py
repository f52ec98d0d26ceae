"""``hbm-runtime pack``: an ONNX model, alone or by the vendor's configuration, into a host file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hbm_runtime.cli.arguments import Parser, integer, number
from hbm_runtime.cli.errors import ExitCode, UsageError
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.packing import Report, packing
from hbm_runtime.cli.tables import byte_text

if TYPE_CHECKING:
    from hbm_runtime.packer import HostFile

SUMMARY = "pack an ONNX model into a host .hbm, alone or by the configuration of the vendor's compiler"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("-c", "--config", metavar="FILE", help="a YAML configuration of the vendor's compiler")
    source.add_argument("-m", "--model", metavar="FILE", help="an ONNX model; its tensors stay as they are")
    parser.add_option("output", "-o", metavar="FILE", help="the file to write")
    parser.add_option("description", default="", metavar="TEXT", help="description of the file")
    parser.add_option(
        "trial-seconds",
        type=number(0),
        metavar="N",
        help="time for loading and running the model once, which shows engine crashes; default: 60; 0: no trial",
    )
    quick = parser.add_argument_group("with --model")
    quick.add_argument(
        "--like", metavar="FILE", type=Path, help="the signature of a board's model, by 'model_info --json' of it"
    )
    quick.add_argument("--march", help="the board's BPU, such as nash-e, nash-m or nash-p; default: any")
    quick.add_argument("--name", help="name of the model; default: the file's stem")
    quick.add_argument(
        "--core-num", type=integer(1, 4), default=1, metavar="N", help="BPU cores it counts as compiled for; default: 1"
    )
    quick.add_argument(
        "-i", "--input-shape", nargs=2, action="append", default=[], metavar=("NAME", "1x3x224x224"), help="fix a shape"
    )
    quick.add_argument("--output-no-padding", action="store_true", help="do not pad the rows of outputs")
    image = parser.add_argument_group("with --config: what no document settles about image inputs")
    image.add_argument("--signed-images", action="store_true", help="rgb, bgr and yuv444 inputs are S8, 128 less")
    image.add_argument("--gray-suffix", default="_y", metavar="TEXT", help="ending of gray plane names; default: _y")
    image.add_argument("--roi-end", choices=("inclusive", "exclusive"), default="inclusive", help="right and bottom")
    image.add_argument("--no-clip", action="store_true", help="do not cut converted colours to 0..255")
    image.add_argument("--round", action="store_true", help="round converted colours to whole numbers")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Packs the model and reports what was written."""
    with packing(output, "pack") as report:
        if arguments.config:
            written, content = _pack_config(arguments, report)
        else:
            written, content = (_pack_like if arguments.like else _pack_model)(arguments, report)
    # What a FIFO or a device got is not there.
    names = [model.name for model in content.models] if written.is_file() else []
    size = written.stat().st_size
    output.text(f"{written} ({byte_text(size)}): {', '.join(names)}" if names else f"wrote {written}")
    output.document({"file": str(written), "bytes": size, "models": names})
    return ExitCode.DONE


def _pack_config(arguments: argparse.Namespace, report: Report) -> tuple[Path, HostFile]:
    from hbm_runtime.packer import ImageRules, load_config  # noqa: PLC0415 (needs an extra)
    from hbm_runtime.packer.api import pack_job  # noqa: PLC0415

    if arguments.like or arguments.march or arguments.name or arguments.input_shape or arguments.core_num != 1:
        raise UsageError(
            "--like, --march, --name, --core-num and --input-shape go with --model; with --config "
            "the configuration has them"
        )
    rules = ImageRules(
        signed=arguments.signed_images,
        gray_plane_suffix=arguments.gray_suffix,
        roi_end_inclusive=arguments.roi_end == "inclusive",
        clip=not arguments.no_clip,
        round=arguments.round,
    )
    job = load_config(arguments.config, rules)
    if arguments.trial_seconds is not None:
        job = replace(job, options=replace(job.options, trial_seconds=arguments.trial_seconds))
    target = Path(arguments.output or job.output)
    description, make_folder = arguments.description, not arguments.output
    return target, pack_job(
        job, target, arguments.config, description=description, progress=report, make_folder=make_folder
    )


def _pack_like(arguments: argparse.Namespace, report: Report) -> tuple[Path, HostFile]:
    from hbm_runtime.cli.sidecar import read_sidecar  # noqa: PLC0415 (needs what follows)
    from hbm_runtime.cli.sidecar.imitation import pack_like  # noqa: PLC0415 (needs an extra)

    if arguments.march or arguments.input_shape or arguments.core_num != 1 or arguments.output_no_padding:
        raise UsageError("--march, --core-num, --input-shape and --output-no-padding are what --like says already")
    output = Path(arguments.output or Path(arguments.model).with_suffix(".hbm").name)
    sidecar = read_sidecar(arguments.like)
    return output, pack_like(Path(arguments.model), output, sidecar, arguments.name, report)


def _pack_model(arguments: argparse.Namespace, report: Report) -> tuple[Path, HostFile]:
    from hbm_runtime.packer import ModelOptions, pack  # noqa: PLC0415 (needs an extra)
    from hbm_runtime.packer.config.schema import MARCHES, MULTI_CORE_MARCHES  # noqa: PLC0415
    from hbm_runtime.packer.options import TRIAL_SECONDS  # noqa: PLC0415

    if arguments.march and arguments.march not in MARCHES:
        raise UsageError(f"--march {arguments.march}: expected one of {', '.join(MARCHES)}")
    if arguments.core_num > 1 and arguments.march and arguments.march not in MULTI_CORE_MARCHES:
        raise UsageError(f"--core-num {arguments.core_num}: {arguments.march} has one core")
    output = Path(arguments.output or Path(arguments.model).with_suffix(".hbm").name)
    options = ModelOptions(
        name=arguments.name,
        march=arguments.march or "",
        core_count=arguments.core_num,
        input_shapes={name: _shape(name, text) for name, text in arguments.input_shape},
        pad_outputs=not arguments.output_no_padding,
        trial_seconds=TRIAL_SECONDS if arguments.trial_seconds is None else arguments.trial_seconds,
    )
    return output, pack(arguments.model, output, options, description=arguments.description, progress=report)


def _shape(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        raise UsageError(f"--input-shape {name}: {text!r} is no shape; write it as 1x3x224x224") from None
