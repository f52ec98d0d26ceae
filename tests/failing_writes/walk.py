"""Lets a file end at each byte in turn while something writes it. Runs in a process of its own, whose files it limits.

``python walk.py WRITER MODEL FOLDER POINTS`` prints a line of JSON for each byte at which a failing write was not
answered as it should be, and at last how many were tried: no more than about POINTS, spread over the file.
"""

from __future__ import annotations

import errno
import faulthandler
import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from failing_writes.writers import WRITERS, Writer

_OLD = b"what was there before"
_CALLS = ("fsync", "replace", "fchmod")
"""What else can fail in os after a file was opened."""


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file grows beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def call_fails(name: str) -> AbstractContextManager[mock.Mock]:
    """A function of os fails whenever it is called."""
    return mock.patch.object(os, name, side_effect=OSError(errno.EIO, os.strerror(errno.EIO)))


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def said_wrong(
    writer: Writer, folder: Path, failing: AbstractContextManager[Any], *, old: bool, room: int | None = None
) -> str:
    """What is wrong with one failing write, over an older file or not; "" when nothing is.

    ``room`` is where files end; what a command measures may be shorter now than when that was chosen, and fit.
    """
    if writer.target is not None:
        writer.target.unlink(missing_ok=True)
        if old:
            writer.target.parent.mkdir(parents=True, exist_ok=True)
            writer.target.write_bytes(_OLD)
    before = content(folder)
    raised: BaseException | None = None
    with failing as function:
        try:
            writer.write()
        except BaseException as error:  # whatever it is, it is reported
            raised = error
    if raised is None and function is not None and not function.called:
        return ""
    if raised is None and room is not None and writer.target is not None and content(folder) != before:
        size = writer.target.stat().st_size
        return "" if size <= room else f"writes {size} bytes where {room} fit"
    if not isinstance(raised, writer.error):
        return f"raises {type(raised).__name__}: {raised}"
    if (after := content(folder)) != before:
        return f"leaves {sorted(after)}, before {sorted(before)}; changed: {sorted(after.items() - before.items())}"
    return ""


def bytes_of(writer: Writer, points: int) -> list[int]:
    """Where its file is made to end."""
    if writer.target is not None:
        writer.write()
    size = writer.target.stat().st_size if writer.target is not None else writer.size
    points = min(points, writer.points)
    step = -(-size // points)
    if step == 1:
        return list(range(size))
    # Buffers and blocks of the format begin and end at such numbers. What commands measure has not always one size.
    edges = {edge + offset for edge in range(0, size, 4096) for offset in (-1, 0, 1)}
    return sorted(number for number in {*range(0, size, step), *edges} if 0 <= number < size - 64)


def main() -> None:
    """Walks through the bytes of one writer."""
    name, model, folder, points = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    faulthandler.enable()
    tried = 0

    def report(where: object, said: str) -> None:
        nonlocal tried
        tried += 1
        if said:
            print(json.dumps({"at": where, "said": said}), flush=True)

    folder.mkdir()
    with WRITERS[name](model, folder) as writer:
        for number in bytes_of(writer, points):
            faulthandler.dump_traceback_later(60, exit=True)
            report(number, said_wrong(writer, folder, files_end_at(number), old=number % 2 == 0, room=number))
        for call in _CALLS if writer.target is not None else ():
            report(call, said_wrong(writer, folder, call_fails(call), old=True))
        faulthandler.cancel_dump_traceback_later()
        writer.write()
    print(json.dumps({"tried": tried}), flush=True)


if __name__ == "__main__":
    main()
