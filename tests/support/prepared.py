"""Processes that have imported the package before they begin: forked from one that waits for the tests of this process.

Python, numpy, onnx and this package take a third of a second to import, which is most of what a short script or command
takes. A process that shall import them itself, or that differs before its Python begins, is started anew.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from support.prepared_server import NUMBER

_READ_EARLY = ("PYTHON", "LD_", "LC_", "LANG", "HBM_RUNTIME_LOG", "OPENBLAS", "OMP_", "MALLOC_", "GLIBC_", "ASAN_")
"""How variables begin that somebody reads when a process starts, or when the package is imported."""

_started: list[_Server] = []


class _Server:
    """The process that forks."""

    def __init__(self) -> None:
        self.early = _early(os.environ)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("")  # Linux chooses a name
            listener.listen(64)
            self._address = listener.getsockname()
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("prepared_server.py")), str(listener.fileno())],
                # A process with several threads must not fork.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[listener.fileno()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def connect(self) -> socket.socket:
        """A connection, for one process."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        return connection

    def stop(self) -> None:
        """Waits for its end."""
        self._process.communicate()


def _early(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(_READ_EARLY)}


@functools.cache
def _server() -> _Server:
    _started.append(_Server())
    return _started[0]


def stop() -> None:
    """Ends the process that forks, when the tests have ended."""
    while _started:
        _started.pop().stop()
    _server.cache_clear()


def can_run(variables: Mapping[str, str]) -> bool:
    """Returns True if a process with this environment can be forked."""
    return _early(variables) == _server().early


def run(
    words: Sequence[str],
    *,
    script: str | None = None,
    module: str | None = None,
    folder: Path | None,
    variables: Mapping[str, str],
    timeout: float,
    closed: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Runs a script, as ``python -c`` does, or a module, as ``python -m`` does, with nothing to read.

    Those of its standard streams whose numbers are in ``closed`` are not there.
    """
    request = {
        "words": [*words], "script": script, "module": module, "environment": {**variables}, "closed": [*closed],
    }  # fmt: skip
    data = json.dumps({**request, "folder": str(folder or Path.cwd())}).encode()
    with _server().connect() as connection, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        socket.send_fds(connection, [NUMBER.pack(len(data))], [out.fileno(), err.fileno()])
        connection.sendall(data)
        (pid,) = NUMBER.unpack(_received(connection))
        connection.settimeout(timeout)
        try:
            (status,) = NUMBER.unpack(_received(connection))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired([*words], timeout, _text(out), _text(err)) from None
        return subprocess.CompletedProcess([*words], os.waitstatus_to_exitcode(status), _text(out), _text(err))


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(NUMBER.size, socket.MSG_WAITALL)
    assert len(data) == NUMBER.size, "the process that forks has ended"
    return data


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
