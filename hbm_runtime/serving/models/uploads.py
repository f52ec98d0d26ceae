"""Models that clients send: kept in a folder of the server's own."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hbm_runtime import InputError

from ..failures import Kind, RefusedError
from .files import MODEL_NAME

_FILE_NAME = re.compile(r"file:(?:1/)?(model\.(?:hbm|onnx))")
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Upload:
    """A model that was received and is not accepted yet.

    Attributes:
        name: The model's.
        path: Where it lies.
        target: Where it goes.
    """

    name: str
    path: Path
    target: Path

    def accept(self) -> Path:
        """Moves it to where it stays; returns that path.

        Raises:
            RefusedError: It cannot be moved; an older model is left as it was.
        """
        with _stored(self.name):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.path, self.target)
            for other in self.target.parent.glob("model.*"):
                if other != self.target:
                    other.unlink()
        return self.target


class UploadFolder:
    """The folder that uploaded models go to, in Triton's layout: ``NAME/1/model.hbm``.

    Args:
        folder: The folder; None makes a temporary one, which `close` removes.
        limit: Bytes of the largest model.
    """

    def __init__(self, folder: Path | None, limit: int) -> None:
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="hbm-runtime-")) if folder is None else folder
        self._limit = limit
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def received(self, name: str, files: Mapping[str, bytes]) -> Iterator[Upload]:
        """Writes a model to a temporary file inside the folder, which goes at the end unless it was accepted.

        Raises:
            InputError: The name cannot be a folder's, or there is not just one model file.
            RefusedError: The model is too large, or the disk is full.
        """
        if not MODEL_NAME.fullmatch(name):
            raise InputError(
                f"{name[:80]!r} is no name for an uploaded model; it has 1 to 64 of the characters A-Z a-z 0-9 _ . - "
                "and does not begin with a dot"
            )
        matches = [_FILE_NAME.fullmatch(key) for key in files]
        match = matches[0] if len(matches) == 1 else None
        if match is None:
            raise InputError(
                f"model '{name}': an upload is one file, file:1/model.hbm or file:1/model.onnx",
                model=name,
            )
        (data,) = files.values()
        if len(data) > self._limit:
            raise RefusedError(
                Kind.TOO_LARGE, f"model '{name}' has {len(data)} bytes; the limit is {self._limit}", model=name
            )
        # An ONNX model is called like its file, so the temporary one has the name, too.
        with _stored(name):
            folder = Path(tempfile.mkdtemp(prefix=".", dir=self.folder))
        try:
            path = folder / f"{name}{Path(match[1]).suffix}"
            with _stored(name):
                path.write_bytes(data)
            yield Upload(name, path, self.folder / name / "1" / match[1])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Removes the folder if it is temporary."""
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def _stored(name: str) -> Iterator[None]:
    """What fails in the file system is the server's refusal of a model."""
    try:
        yield
    except OSError as error:
        kind = Kind.FULL if error.errno in _NO_SPACE else Kind.INTERNAL
        raise RefusedError(kind, f"model '{name}' could not be stored: {error.strerror}", model=name) from None
