"""``hbm-runtime link``: several host files into one."""

from __future__ import annotations

import argparse
import sys

from hbm_runtime.packer import PackError, link


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="host .hbm files, in the order of their models")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--description", metavar="TEXT", help="description of the file; default: those of the parts")


def run(arguments: argparse.Namespace) -> int:
    """Links the files."""
    try:
        content = link(arguments.files, arguments.output, description=arguments.description)
    except PackError as error:
        print(f"hbm-runtime link: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {', '.join(model.name for model in content.models)}")
    return 0
