"""``hbm-runtime pack``: an ONNX model into a host file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hbm_runtime.packer import ModelOptions, PackError, pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("-m", "--model", metavar="FILE", required=True, help="an ONNX model")
    parser.add_argument("--march", default="", help="nash-e, nash-m, nash-p, ...; default: any")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write; default: <model>.hbm")


def run(arguments: argparse.Namespace) -> int:
    """Packs the model."""
    output = arguments.output or Path(arguments.model).with_suffix(".hbm").name
    try:
        content = pack(arguments.model, output, ModelOptions(march=arguments.march))
    except PackError as error:
        print(f"hbm-runtime pack: {error}", file=sys.stderr)
        return 1
    print(f"{output}: {', '.join(model.name for model in content.models)}")
    return 0
