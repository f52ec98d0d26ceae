"""``--url``: models of a server in place of files."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hbm_runtime import connect
from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.errors import UsageError
from hbm_runtime.cli.monitoring.snapshot import CoreState, Snapshot

if TYPE_CHECKING:
    from hbm_runtime import Device, RemoteRuntime

# What needs the driver or the files of this machine.
_LOCAL_ONLY = (
    "driver",
    "engine",
    "rewrite",
    "log_level",
    "passphrase_file",
    "dump_intermediate",
    "graph",
    "model_file",
    "files",
    "pid",
    "command",
)


def add_remote_arguments(parser: Parser) -> None:
    """Declares which server is asked."""
    parser.add_option(
        "url", metavar="URL", help="a server's models: http://host:8000, https://, grpc://host:8001, grpcs://"
    )
    parser.add_option("token_file", metavar="FILE", type=Path, help="with --url: the token that the server demands")
    parser.add_option("ca", metavar="FILE", type=Path, help="with --url: certificates to trust instead of the system's")
    parser.add_option("cert", metavar="FILE", type=Path, help="with --url: the client's certificate")
    parser.add_option("key", metavar="FILE", type=Path, help="with --url: its private key")


def connected(arguments: argparse.Namespace) -> RemoteRuntime | None:
    """Connects to the server that the arguments name; None if they name none.

    Raises:
        UsageError: Options that go with --url only, or not with it.
        HbmError: As `connect`.
    """
    if not arguments.url:
        for name in ("token_file", "ca", "cert", "key"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name} goes with --url only")
        return None
    for name in _LOCAL_ONLY:
        if getattr(arguments, name, None):
            option = "a file or command" if name in ("files", "command") else f"--{name}"
            raise UsageError(f"{option} does not go with --url: it is about this machine")
    return connect(arguments.url, token=arguments.token_file, ca=arguments.ca, cert=arguments.cert, key=arguments.key)


class RemoteWatcher:
    """Takes snapshots of a server's machine, as `Watcher` does of this one.

    Args:
        runtime: The connection.
    """

    def __init__(self, runtime: RemoteRuntime) -> None:
        self._runtime = runtime
        self._before = self._devices()
        self._at = time.monotonic_ns()

    def next(self, seconds: float) -> Snapshot:
        """Waits that long and returns what happened meanwhile."""
        time.sleep(seconds)
        host = self._runtime.get_host_info()
        now, devices = time.monotonic_ns(), {device.index: device for device in host.devices}
        cores = tuple(_core(device, self._before.get(index), now - self._at) for index, device in devices.items())
        self._before, self._at = devices, now
        return Snapshot(cores, (), dict(host.memory), dict(host.temperatures))

    def _devices(self) -> dict[int, Device]:
        return {device.index: device for device in self._runtime.get_devices()}


def _core(device: Device, before: Device | None, elapsed: int) -> CoreState:
    details, old = device.details, before.details if before is not None else {}
    counts = "busy_ns" in details and "busy_ns" in old
    load = min(max((details["busy_ns"] - old["busy_ns"]) / elapsed, 0.0), 1.0) if counts else device.load
    tasks = (details["finished_tasks"] - old["finished_tasks"]) / elapsed * 1e9 if counts else None
    running = bool(details["running"]) if "running" in details else None
    return CoreState(f"BPU{device.index}", None, load, details.get("queued"), running, tasks)
