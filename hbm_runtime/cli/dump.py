"""Outputs into files."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.cli.writing import output_file

FORMATS = ("bin", "txt", "npy")
DIGITS = 9
_LONGEST_NAME = 255  # bytes, on every common file system


def dump_tensors(
    outputs: Mapping[str, NDArray[Any]],
    folder: Path,
    kind: str,
    *,
    role: str = "output",
    padded: bool = False,
    digits: int = DIGITS,
    inputs: Sequence[str | Path] = (),
) -> dict[str, Path]:
    """Writes ``model_infer_<role>_<index>_<name>.<kind>`` for each tensor.

    Args:
        outputs: Arrays by name, in the model's order.
        folder: Made if it is missing.
        kind: "bin", "txt" (one number a line) or "npy".
        role: What the tensors are.
        padded: The rows keep the padding that the device gives them; not for "npy".
        digits: Significant digits of floats in "txt".
        inputs: Files that are read and must not be replaced.

    Returns:
        The files by tensor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for index, (name, array) in enumerate(outputs.items()):
        path = folder / _file_name(f"model_infer_{role}_{index}_", name, f".{kind}")
        shown = with_padding(array) if padded else np.asarray(array, order="C")
        with output_file(path, inputs) as file:
            if kind == "npy":
                # Through memory, because numpy itself words a failed write badly.
                buffer = io.BytesIO()
                np.save(buffer, shown)
                file.write(buffer.getbuffer())
            elif kind == "txt":
                file.writelines(_lines(shown, digits))
            else:
                file.write(shown.tobytes())
        files[name] = path
    return files


def with_padding(array: NDArray[Any]) -> NDArray[Any]:
    """The memory of an output from its first to its last row, padding included, as one row."""
    size = array.strides[0] * array.shape[0] if array.ndim else array.itemsize
    return np.lib.stride_tricks.as_strided(array, (size // array.itemsize,), (array.itemsize,))


def _lines(array: NDArray[Any], digits: int) -> Iterator[bytes]:
    for value in array.reshape(-1).tolist():
        yield f"{value:.{digits}g}\n".encode() if array.dtype.kind == "f" else b"%d\n" % value


def _file_name(prefix: str, name: str, suffix: str) -> str:
    """A tensor's name in a file name. One that is too long ends in a hash, so that two of them stay two."""
    shown = re.sub(r"[^\w.\-]", "_", name)
    room = _LONGEST_NAME - len(prefix.encode()) - len(suffix.encode())
    if len(shown.encode()) > room:
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:16]
        shown = shown.encode()[: room - len(digest) - 1].decode(errors="ignore") + "-" + digest
    return f"{prefix}{shown}{suffix}"
