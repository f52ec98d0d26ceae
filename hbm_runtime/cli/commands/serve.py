"""``hbm-runtime serve``: models of this machine for programs on others."""

from __future__ import annotations

import argparse
import logging
import queue
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hbm_runtime.cli.arguments import Parser, integer, number, words
from hbm_runtime.cli.endpoints import add_endpoint_arguments, endpoint_settings
from hbm_runtime.cli.errors import CommandError, ExitCode, UsageError
from hbm_runtime.cli.models import add_driver_arguments, choose_driver, load_options
from hbm_runtime.cli.output import Output
from hbm_runtime.serving.allocator import keep_freed_memory
from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import POLICIES, BackPressure, Limits, Settings

SUMMARY = "serve models over HTTP and gRPC (Open Inference Protocol v2)"

_LIMITS = Limits()
_PRESSURE = BackPressure()
_DEFAULTS = Settings()
_COUNTED = (
    ("message_bytes", 1024, "bytes of one request, also when decompressed"),
    ("total_bytes", 1024, "bytes of all requests and answers under way"),
    ("upload_bytes", 1024, "bytes of one uploaded model"),
    ("tensors", 1, "tensors of one request"),
    ("calls", 1, "inference requests at a time"),
    ("connections", 1, "connections of each protocol at a time"),
    ("header_bytes", 1024, "bytes of the headers of a request"),
    ("repeat", 1, "runs that one request may ask for"),
    ("regions", 0, "shared memory regions"),
)
"""Fields of `Limits`, their lowest values, and what they limit."""
_TIMED = (
    ("idle", "until a silent connection is closed"),
    ("receive", "that the message of a gRPC call may take"),
)
"""Times of `Limits`, and what the seconds are."""


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("files", nargs="*", metavar="MODEL", help="model files")
    parser.add_option("models", metavar="DIR", type=Path, help="serve the models of a folder, too")
    _add_addresses(parser)
    _add_access(parser)
    _add_loading(parser)
    _add_back_pressure(parser)
    _add_limits(parser)
    add_driver_arguments(parser)


def _add_addresses(parser: Parser) -> None:
    add_endpoint_arguments(parser)
    parser.add_option(
        "server_name",
        metavar="NAME",
        default=_DEFAULTS.server_name,
        help=f"what the server calls itself; default: {_DEFAULTS.server_name}",
    )
    parser.add_option(
        "drain_time",
        metavar="S",
        type=number(0),
        default=_DEFAULTS.drain_seconds,
        help="how long requests under way may take after SIGTERM; default: 30",
    )


def _add_access(parser: Parser) -> None:
    parser.add_option(
        "allowed_origins",
        metavar="LIST",
        type=words,
        default=[],
        help="web origins that may call; default: none",
    )
    parser.add_option(
        "allowed_hosts",
        metavar="LIST",
        type=words,
        default=[],
        help="names by which HTTP clients may call a server on loopback without tokens, beside localhost",
    )
    parser.add_flag("shared_memory", default=True, help="for clients on this machine; default: true")


def _add_loading(parser: Parser) -> None:
    parser.add_flag("allow_upload", default=False, help="let clients with the role control send models")
    parser.add_option("upload_dir", metavar="DIR", type=Path, help="keep those here; default: until the server ends")
    parser.add_option("passphrase_file", metavar="FILE", type=Path, help="of encrypted models; its first line counts")
    parser.add_option("threads", metavar="N", type=integer(0), default=0, help="threads of one inference (bpusim)")
    parser.add_flag("save_memory", default=False, help="trade speed for memory (bpusim)")
    parser.add_flag("profile_operators", default=False, help="times of operators in profiles (bpusim)")


def _add_back_pressure(parser: Parser) -> None:
    parser.add_option(
        "policy",
        choices=POLICIES,
        default=_PRESSURE.policy,
        help="when a model's queue is full: reject the request, block it, keep only the latest, drop the oldest; "
        "default: reject",
    )
    parser.add_option(
        "queue_size",
        metavar="N",
        type=integer(1),
        default=_PRESSURE.queue_size,
        help=f"requests of one model that may wait; default: {_PRESSURE.queue_size}",
    )
    parser.add_option(
        "in_flight",
        metavar="N",
        type=integer(1),
        help="requests of one model that run at a time; default: one a core",
    )


def _add_limits(parser: Parser) -> None:
    for name, low, help_text in _COUNTED:
        default = getattr(_LIMITS, name)
        parser.add_option(
            f"max_{name}",
            metavar="N",
            type=integer(low),
            default=default,
            help=f"{help_text}; default: {default}",
        )
    for name, help_text in _TIMED:
        default = getattr(_LIMITS, f"{name}_seconds")
        parser.add_option(
            f"{name}_time",
            metavar="S",
            type=number(0, exclusive=True),
            default=default,
            help=f"seconds {help_text}; default: {default:g}",
        )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Serves until SIGTERM or Ctrl-C; SIGHUP reads certificates, tokens and models anew."""
    settings = _settings(arguments)
    keep_freed_memory()
    choose_driver(arguments)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    with _signals() as received, Server(settings) as server:
        output.warn_all(server.warnings)
        _announce(server, settings, output)
        while True:
            number_of_signal = received.get()
            if number_of_signal != signal.SIGHUP:
                break
            server.reload()
            output.text("read anew")
        output.text("ending: requests under way finish")
    return ExitCode.DONE


@contextmanager
def _signals() -> Iterator[queue.SimpleQueue[int]]:
    """Puts the signals that a server knows into a queue."""
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    former = {
        each: signal.signal(each, lambda number_of_signal, _: received.put(number_of_signal))
        for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield received
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _settings(arguments: argparse.Namespace) -> Settings:
    if not arguments.files and arguments.models is None and not arguments.allow_upload:
        raise UsageError("no model is given: hbm-runtime serve model.hbm, or --models DIR")
    loading = load_options(arguments) | {
        name: getattr(arguments, name)
        for name in ("threads", "save_memory", "profile_operators")
        if getattr(arguments, name)
    }
    return Settings(
        files=[Path(file) for file in arguments.files],
        folder=arguments.models,
        **endpoint_settings(arguments),
        server_name=arguments.server_name,
        allow_upload=arguments.allow_upload,
        upload_folder=arguments.upload_dir,
        shared_memory=arguments.shared_memory,
        allowed_origins=arguments.allowed_origins,
        allowed_hosts=arguments.allowed_hosts,
        drain_seconds=arguments.drain_time,
        limits=Limits(
            **{f"{name}_seconds": getattr(arguments, f"{name}_time") for name, _ in _TIMED},
            **{name: getattr(arguments, f"max_{name}") for name, *_ in _COUNTED},
        ),
        back_pressure=BackPressure(arguments.policy, arguments.queue_size, arguments.in_flight),
        load_options=loading,
        passphrase=_passphrase(arguments.passphrase_file),
    )  # fmt: skip


def _passphrase(path: Path | None) -> str | None:
    if path is None:
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0]:
        raise CommandError(f"{path} has no passphrase in its first line")
    return lines[0]


def _announce(server: Server, settings: Settings, output: Output) -> None:
    """Prints where the server is, what it serves and how to try it."""
    plain = settings.tls is None
    http = None if server.http is None else f"{'http' if plain else 'https'}://{server.http}"
    grpc = None if server.grpc is None else f"{'grpc' if plain else 'grpcs'}://{server.grpc}"
    models = [model.name for model in server.repository]
    for url in filter(None, (http, grpc)):
        output.heading(url)
    for model in server.repository:
        tensors = ", ".join(
            f"{tensor['name']} {tensor['datatype']}{tensor['shape']}" for tensor in model.description.metadata["inputs"]
        )
        output.text(f"  {model.name}: {tensors or 'no inputs'}")
    if http is not None:
        token = "" if settings.token_file is None else " -H 'Authorization: Bearer TOKEN'"
        ca = "" if plain else " --cacert CA.pem"
        path = f"/v2/models/{models[0]}" if models else "/v2"
        output.text(f"try: curl{ca}{token} {http}{path}")
    output.document({"http": http, "grpc": grpc, "models": models})
    sys.stdout.flush()
