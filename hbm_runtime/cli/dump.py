"""Outputs into files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMATS = ("bin", "txt", "npy")
_DIGITS = 9


def dump_outputs(
    outputs: Mapping[str, NDArray[Any]], folder: Path, kind: str, *, padded: bool = False
) -> dict[str, Path]:
    """Writes ``model_infer_output_<index>_<name>.<kind>`` for each output.

    Args:
        outputs: Arrays by name, in the model's order.
        folder: Made if it is missing.
        kind: "bin", "txt" (one number a line) or "npy".
        padded: The rows keep the padding that the device gives them; for "bin" only.

    Returns:
        The files by output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for index, (name, array) in enumerate(outputs.items()):
        path = folder / f"model_infer_output_{index}_{_file_name(name)}.{kind}"
        if kind == "npy":
            np.save(path, np.ascontiguousarray(array))
        elif kind == "txt":
            _write_text(path, array)
        else:
            path.write_bytes(padded_bytes(array) if padded else array.tobytes())
        files[name] = path
    return files


def padded_bytes(array: NDArray[Any]) -> bytes:
    """The memory of an output from its first to its last row, padding included."""
    size = array.strides[0] * array.shape[0] if array.ndim else array.itemsize
    rows = np.lib.stride_tricks.as_strided(array, (size // array.itemsize,), (array.itemsize,))
    return rows.tobytes()


def _write_text(path: Path, array: NDArray[Any]) -> None:
    if array.dtype.kind == "f":
        lines = (f"{value:.{_DIGITS}g}" for value in array.reshape(-1).tolist())
    else:
        lines = (str(int(value)) for value in array.reshape(-1).tolist())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.\-]", "_", name)
