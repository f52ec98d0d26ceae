"""Imports what programs of this package import, then forks a process for each request: a script or a command.

``python prepared_server.py LISTENER`` gets the number of a socket that listens, and ends with its standard input. Each
of its connections brings the files for standard output and standard error and a request in JSON (`support.prepared`),
and gets the number of the new process, then its wait status. Beside what is imported already, that process is like a
new one: its environment, its folder, its arguments, and how its interpreter ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import struct
import sys
from types import ModuleType, TracebackType
from typing import Any

NUMBER = struct.Struct("=q")
PREPARED = ("asyncio", "concurrent.futures", "numpy", "hbm_runtime.cli.program")

Request = dict[str, Any]


def prepare() -> None:
    """Imports; opens no driver and starts no thread."""
    for name in PREPARED:
        importlib.import_module(name)
    package = importlib.import_module("hbm_runtime")
    for public in package.__all__:
        getattr(package, public)
    commands = importlib.import_module("hbm_runtime.cli.commands")
    for module in pkgutil.iter_modules(commands.__path__, "hbm_runtime.cli.commands."):
        if module.name.rpartition(".")[2] not in {"compare", "demo", "serve"}:  # they need much more than the others
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def received(connection: socket.socket) -> tuple[Request, list[int]]:
    """The request and its two files."""
    head, files, _, _ = socket.recv_fds(connection, NUMBER.size, 2)
    with connection.makefile("rb") as stream:
        return json.loads(stream.read(*NUMBER.unpack(head))), files


def serve(listener: socket.socket) -> Request | None:
    """Comes back in each new process, and with None when all of them have ended and no more are wanted."""
    running: dict[int, tuple[int, socket.socket]] = {}  # by descriptors of the processes
    wanted = [listener.fileno(), sys.stdin.fileno()]
    while wanted or running:
        ready, _, _ = select.select([*wanted, *running], [], [])
        for each in ready:
            if each in running:
                pid, connection = running.pop(each)
                os.close(each)
                tell(connection, os.waitpid(pid, 0)[1])
                connection.close()
        if sys.stdin.fileno() in ready:
            wanted = []
        elif listener.fileno() in ready:
            connection = listener.accept()[0]
            pid = os.fork()
            if pid == 0:
                for descriptor, (_, other) in running.items():
                    os.close(descriptor)
                    other.close()
                return entered(listener, connection)
            tell(connection, pid)
            running[os.pidfd_open(pid)] = pid, connection
    return None


def tell(connection: socket.socket, number: int) -> None:
    """Sends a number, if somebody waits for it."""
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(NUMBER.pack(number))


def entered(listener: socket.socket, connection: socket.socket) -> Request:
    """Takes the request and its files in the new process, which has no others."""
    request, files = received(connection)
    connection.close()
    listener.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate([nothing, *files]):
        os.dup2(file, number)
        os.close(file)
    return request


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As Python shows an exception, without the frames of this file."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def close_streams(numbers: list[int]) -> None:
    """Closes standard streams; Python has None in the place of those that are not there when it starts."""
    for number in numbers:
        name = ("stdin", "stdout", "stderr")[number]
        setattr(sys, name, None)
        setattr(sys, f"__{name}__", None)
        os.close(number)


def run(request: Request) -> None:
    """Becomes the script or the command."""
    close_streams(request["closed"])
    os.chdir(request["folder"])
    for name in set(os.environ) - set(request["environment"]):
        del os.environ[name]
    os.environ.update(request["environment"])
    sys.excepthook = show
    if (module := request["module"]) is not None:
        sys.path[0] = os.getcwd()
        sys.argv[1:] = request["words"]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    sys.path[0] = ""
    sys.argv[:] = ["-c", *request["words"]]
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(request["script"], "<string>", "exec", dont_inherit=True), vars(main))


if __name__ == "__main__":
    prepare()
    with socket.socket(fileno=int(sys.argv.pop())) as _listener:
        _request = serve(_listener)
    if _request is not None:
        run(_request)
