"""Outputs into files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.cli.writing import written

FORMATS = ("bin", "txt", "npy")
DIGITS = 9


def dump_tensors(
    outputs: Mapping[str, NDArray[Any]],
    folder: Path,
    kind: str,
    *,
    role: str = "output",
    padded: bool = False,
    digits: int = DIGITS,
) -> dict[str, Path]:
    """Writes ``model_infer_<role>_<index>_<name>.<kind>`` for each tensor.

    Args:
        outputs: Arrays by name, in the model's order.
        folder: Made if it is missing.
        kind: "bin", "txt" (one number a line) or "npy".
        role: What the tensors are.
        padded: The rows keep the padding that the device gives them; not for "npy".
        digits: Significant digits of floats in "txt".

    Returns:
        The files by tensor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for index, (name, array) in enumerate(outputs.items()):
        path = folder / f"model_infer_{role}_{index}_{_file_name(name)}.{kind}"
        shown = with_padding(array) if padded else np.ascontiguousarray(array)
        with written(path) as file:
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


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.\-]", "_", name)
