"""``hbm-runtime monitor``: core load, queues and memory while models run."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from hbm_runtime._machine.board import Board
from hbm_runtime.cli.arguments import Parser, integer
from hbm_runtime.cli.errors import CommandError, ExitCode, UsageError
from hbm_runtime.cli.monitoring import Snapshot, Watcher
from hbm_runtime.cli.monitoring.view import tables
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.remote import RemoteWatcher, add_remote_arguments, connected

SUMMARY = "watch core load, queues and memory of a board or of processes that use bpusim"

_SHOWN = {"bpu", "memory"}
_VENDOR_CORES = {"dsp", "gdc", "stitch", "pym", "isp", "jpu", "vpu"}
_CLEAR = "\033[H\033[J"


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_option("batch", "-b", action="store_true", help="print one update below the other")
    parser.add_option("delay", "-d", metavar="MS", type=integer(100, 10000), default=1000, help="default: 1000")
    parser.add_option(
        "freq",
        "-f",
        metavar="HZ",
        type=integer(10, 1000),
        default=500,
        help="looks at a board's load per second; bpusim counts exactly; default: 500",
    )
    parser.add_option("number", "-n", metavar="N", type=integer(1), help="end after that many updates")
    parser.add_option("time", "-t", metavar="S", type=integer(1), help="end after that many seconds")
    parser.add_option("enable", "-e", metavar="LIST", default="bpu,memory", help="bpu, memory; default: both")
    parser.add_option("verbose", "-v", action="store_true", help="more columns")
    parser.add_option("pid", "-p", metavar="PID", type=integer(1), action="append", help="only this process")
    add_remote_arguments(parser)
    parser.add_argument("command", nargs="*", metavar="-- COMMAND", help="run this and watch until it ends")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Shows updates until it is stopped."""
    shown = _parts(arguments.enable, output)
    if arguments.command and arguments.pid:
        raise UsageError("--pid and a command to run exclude each other")
    remote = connected(arguments)
    process = _start(arguments.command) if arguments.command else None
    processes = arguments.pid if process is None else None
    watcher = Watcher(arguments.freq, processes) if remote is None else RemoteWatcher(remote)
    if remote is None and process is None and not arguments.pid and not Board().exists():
        output.text("this is a PC: processes of this user that run models on bpusim are shown")
    on_screen = sys.stdout.isatty() and not arguments.batch and not output.json and process is None
    try:
        for snapshot in _snapshots(watcher, arguments, process):
            _show(snapshot, shown, output, verbose=arguments.verbose, on_screen=on_screen)
            if arguments.pid and not snapshot.processes:
                raise CommandError(f"process {', '.join(map(str, arguments.pid))} has ended or does not use bpusim")
    finally:
        if process is not None and process.poll() is None and sys.exc_info()[0] is not None:
            process.terminate()
    if process is not None:
        code = process.wait()
        if code:
            raise CommandError(f"{arguments.command[0]} ended with {code}")
    return ExitCode.DONE


def _parts(text: str, output: Output) -> set[str]:
    asked = {part.strip().lower() for part in text.replace(";", ",").split(",") if part.strip()}
    unknown = asked - _SHOWN - _VENDOR_CORES
    if unknown or not asked:
        raise UsageError(f"--enable {text!r}: expected {', '.join(sorted(_SHOWN))}, not {', '.join(sorted(unknown))}")
    silent = asked & _VENDOR_CORES
    if silent:
        output.warn(f"nothing is known of {', '.join(sorted(silent))}: shown are {', '.join(sorted(_SHOWN))}")
    return asked & _SHOWN


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command)
    except OSError as error:
        raise CommandError(f"{command[0]} cannot be run: {error.strerror}") from error


def _snapshots(
    watcher: Watcher | RemoteWatcher, arguments: argparse.Namespace, process: subprocess.Popen[bytes] | None
) -> Iterator[Snapshot]:
    end = time.monotonic() + arguments.time if arguments.time else float("inf")
    count = 0
    while count < (arguments.number or float("inf")) and time.monotonic() < end:
        snapshot = watcher.next(arguments.delay / 1000)
        if process is not None and process.poll() is not None:
            return
        yield snapshot
        count += 1


def _show(snapshot: Snapshot, shown: set[str], output: Output, *, verbose: bool, on_screen: bool) -> None:
    if output.json:
        stamped = {"time": time.time(), **snapshot.document()}
        print(json.dumps(stamped), flush=True)
        return
    if on_screen:
        sys.stdout.write(_CLEAR)
        output.text(time.strftime("%H:%M:%S") + "   Ctrl-C ends")
    for table in tables(snapshot, shown, verbose=verbose):
        output.table(table)
    sys.stdout.flush()
    if not on_screen and os.isatty(1):
        output.text("-" * 40)
