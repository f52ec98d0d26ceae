"""``hbm-runtime completion``: completion of commands, options and files for a shell."""

from __future__ import annotations

import argparse

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import ExitCode, MissingPackageError
from hbm_runtime.cli.output import Output

SUMMARY = "print the completion script for bash or zsh"

# The placeholder of a value in the help decides what can be completed there.
_FILES = {"FILE", "FILES", "OTHER", "PICTURE", "REFERENCE"}
_FOLDERS = {"DIR", "FOLDER"}

_HOW = """to use it:
  bash: hbm-runtime completion bash > ~/.local/share/bash-completion/completions/hbm-runtime
  zsh:  hbm-runtime completion zsh > ~/.zfunc/_hbm-runtime   (with ~/.zfunc in fpath)"""


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh"))
    parser.epilog = _HOW


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Prints the script."""
    try:
        import shtab  # noqa: PLC0415 (in an extra)
    except ImportError as error:
        raise MissingPackageError("completion", "shtab") from error
    from hbm_runtime.cli.program import whole_parser  # noqa: PLC0415 (it imports this module)

    parser = whole_parser()
    for command in parser.commands():
        for action in command.actions():
            if action.metavar in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar in _FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    script = shtab.complete(parser, shell=arguments.shell)
    output.text(script)
    output.document({"shell": arguments.shell, "script": script})
    return ExitCode.DONE
