"""The program ``hbm-runtime`` as its users run it: in pipes and in a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import prepared

COMMAND = (sys.executable, "-m", "hbm_runtime.cli")
_CHUNK = 65536


@dataclass(frozen=True)
class Ended:
    """A run of the program.

    Attributes:
        code: The exit code.
        out: Standard output; in a terminal everything that it shows.
        err: Standard error; in a terminal "".
    """

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as the one JSON document that it is."""
        assert self.code == 0, f"exit code {self.code}: {self.err}"
        return json.loads(self.out)


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment without what decides about colours, with changes; None removes a variable."""
    variables = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "TERM"}}
    variables["COLUMNS"] = "200"
    for name, value in (changes or {}).items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    return variables


def run(
    *words: object,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    closed: Sequence[int] = (),
    fresh: bool = False,
    timeout: float = 120,
) -> Ended:
    """Runs the program without a terminal.

    Args:
        words: Its arguments.
        cwd: Where it runs.
        env: Changes to the environment.
        closed: The numbers of the standard streams that it does not get.
        fresh: It starts and imports everything itself, because that is what the test is about.
        timeout: Bound against hangs, seconds.
    """
    variables = environment(env)
    if not fresh and prepared.can_run(variables):
        given = [*map(str, words)]
        ended = prepared.run(given, module=COMMAND[-1], folder=cwd, variables=variables, timeout=timeout, closed=closed)
        return Ended(ended.returncode, ended.stdout, ended.stderr)
    start = ["sh", "-c", 'exec "$0" "$@"' + "".join(f" {number}>&-" for number in closed)] if closed else []
    done = subprocess.run(
        [*start, *COMMAND, *map(str, words)],
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_in_terminal(
    *words: object,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    press_after: tuple[str, bytes] | None = None,
    timeout: float = 120,
) -> Ended:
    """Runs the program in a pseudo-terminal.

    Args:
        words: Its arguments.
        cwd: Where it runs.
        env: Changes to the environment.
        press_after: Keys that are pressed once the terminal has shown a text: (text, keys).
        timeout: Bound against hangs, seconds.
    """
    process, terminal = pty.fork()
    if process == 0:
        if cwd is not None:
            os.chdir(cwd)
        os.execvpe(COMMAND[0], [*COMMAND, *map(str, words)], {"TERM": "xterm-256color", **environment(env)})
    shown = b""
    deadline = time.monotonic() + timeout
    try:
        while True:
            assert time.monotonic() < deadline, f"the program does not end; it has shown:\n{shown!r}"
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                part = os.read(terminal, _CHUNK)
            except OSError:  # the program has ended and closed its side
                part = b""
            if not part:
                break
            shown += part
            if press_after is not None and press_after[0].encode() in shown:
                os.write(terminal, press_after[1])
                press_after = None
        status = os.waitpid(process, 0)[1]
    except BaseException:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        raise
    finally:
        os.close(terminal)
    return Ended(os.waitstatus_to_exitcode(status), shown.decode(), "")
