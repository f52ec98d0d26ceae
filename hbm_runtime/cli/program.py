"""Finds the command, runs it, and turns what goes wrong into one message and an exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn, Protocol, cast

from hbm_runtime import DriverNotFoundError, HbmError, HbmTimeoutError, __version__, driver_info
from hbm_runtime._printable import printable
from hbm_runtime.cli.arguments import Parser, suggestion
from hbm_runtime.cli.errors import CommandError, ExitCode, UsageError
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.streams import open_standard_streams

PROGRAM = "hbm-runtime"

COMMANDS = (
    "model_info",
    "infer",
    "perf",
    "monitor",
    "serve",
    "pack",
    "link",
    "compare",
    "samples",
    "doctor",
    "demo",
    "completion",
)


class Command(Protocol):
    """A module of ``hbm_runtime.cli.commands``. Importing it needs no extra."""

    SUMMARY: str

    def add_arguments(self, parser: Parser) -> None:
        """Declares the command's arguments."""

    def run(self, arguments: argparse.Namespace, output: Output) -> ExitCode:
        """Does the work."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code. Ctrl-C, SIGTERM and a closed pipe end it quietly."""
    open_standard_streams()
    given = list(sys.argv[1:] if words is None else words)
    try:
        with _terminable():
            code = _dispatch(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"\n{PROGRAM}: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone, as `| head` does; nothing more can or need be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OUTPUT_CLOSED
    except SystemExit as left:  # argparse's way out of --help, and SIGTERM's
        return int(left.code or 0)
    except Exception as error:  # the last one to hear of it
        if "--debug" in given:
            traceback.print_exc()
        return _explain(error, given)
    return code


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM unwinds the program as Ctrl-C does, so that half-written and temporary files go."""

    def leave(*_: object) -> NoReturn:
        raise SystemExit(ExitCode.TERMINATED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def load_command(name: str) -> Command:
    """Imports a command's module."""
    return cast("Command", import_module(f"hbm_runtime.cli.commands.{name}"))


def command_parser(name: str) -> Parser:
    """Builds the parser of one command."""
    command = load_command(name)
    parser = Parser(f"{PROGRAM} {name}", description=command.SUMMARY[0].upper() + command.SUMMARY[1:] + ".")
    command.add_arguments(parser)
    add_common_options(parser)
    return parser


def whole_parser() -> Parser:
    """Builds one parser with all commands, for programs that want to see everything at once."""
    parser = Parser(PROGRAM)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name in COMMANDS:
        command = load_command(name)
        of = commands.add_parser(name, prog=f"{PROGRAM} {name}", help=command.SUMMARY, description=command.SUMMARY)
        command.add_arguments(of)
        add_common_options(of)
    return parser


def add_common_options(parser: Parser) -> None:
    """Declares what every command takes."""
    parser.add_option("json", action="store_true", help="print one JSON document instead of tables")
    parser.add_option("color", choices=("auto", "always", "never"), default="auto", help="colours; default: auto")
    parser.add_option("quiet", "-q", action="store_true", help="no progress and no warnings on stderr")
    parser.add_option("debug", action="store_true", help="show the traceback of a failure")


def _dispatch(given: list[str]) -> int:
    if not given or given[0] in {"-h", "--help"} or given == ["help"]:
        print(_overview(), end="", file=sys.stdout if given else sys.stderr)
        return ExitCode.DONE if given else ExitCode.USAGE
    if given[0] == "help":
        if len(given) > 2:
            raise UsageError("help explains one command at a time", PROGRAM)
        given = [given[1], "--help"]
    if given[0] in {"-v", "--version"}:
        print(f"{PROGRAM} {__version__}")
        print(f"driver {driver_info()['dnn_version']}")
        return ExitCode.DONE
    name = given[0].replace("-", "_")
    if name not in COMMANDS:
        raise UsageError(f"there is no command {given[0]!r}" + suggestion(name, COMMANDS), PROGRAM)
    arguments = command_parser(name).parse(given[1:])
    output = Output.of(arguments, f"{PROGRAM} {name}")
    return load_command(name).run(arguments, output)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {load_command(name).SUMMARY}" for name in COMMANDS]
    return "\n".join(
        [
            f"usage: {PROGRAM} COMMAND [options]",
            "",
            "Runs, measures, inspects and packs models for the BPU of RDK boards, on a board or on any PC.",
            "",
            "commands:",
            *lines,
            "",
            f"'{PROGRAM} help COMMAND' explains the options of a command, '{PROGRAM} --version' prints the versions.",
            "Options may be written --name value or --name=value, with _ or -.",
            "",
        ]
    )


def _explain(error: Exception, given: list[str]) -> int:
    """Prints the one message of a failure; returns the exit code."""
    known = given[0].replace("-", "_") if given else ""
    prefix = f"{PROGRAM} {known}" if known in COMMANDS else PROGRAM
    if isinstance(error, UsageError):
        print(f"{prefix}: {printable(str(error))}", file=sys.stderr)
        print(f"Try '{error.program or prefix} --help'.", file=sys.stderr)
        return error.code
    if isinstance(error, (CommandError, HbmError, OSError, ImportError, MemoryError)):
        print(f"{prefix}: {printable(_message(error))}", file=sys.stderr)
    else:
        print(
            f"{prefix}: internal error: {type(error).__name__}: {printable(str(error))} (--debug shows the traceback)",
            file=sys.stderr,
        )
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, DriverNotFoundError):
        return ExitCode.NO_DRIVER
    return ExitCode.TIMED_OUT if isinstance(error, HbmTimeoutError) else ExitCode.FAILED


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, HbmError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
