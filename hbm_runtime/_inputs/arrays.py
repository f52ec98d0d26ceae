"""Values of one input from a file of numbers: .npy, .npz, .bin, .txt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError
from .._models.tensor_info import TensorInfo

Array = NDArray[Any]
_DYNAMIC = -1


class _Laid(Protocol):
    @property
    def is_dynamic(self) -> bool: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    @property
    def nbytes(self) -> int | None: ...


def padded_bytes(tensor: _Laid) -> int | None:
    """Bytes from the first to the last row with padding; None where strides are chosen at run time."""
    if tensor.is_dynamic or _DYNAMIC in tensor.strides:
        return None
    return tensor.strides[0] * tensor.shape[0] if tensor.shape else tensor.nbytes


def read_npy(path: Path) -> Array:
    """Reads one array; its dtype and shape are checked when the model runs."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path} is no .npy file: {error}") from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is an archive of arrays: give it alone, or name it .npz")
    return array


def read_npz(path: Path) -> dict[str, Array]:
    """Reads the arrays of an archive by name."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, AttributeError, TypeError) as error:
        raise InputError(f"{path} is no .npz file: {error}") from error


def read_text(path: Path, tensor: TensorInfo, shape: Sequence[int]) -> Array:
    """Reads numbers that are separated by blanks, commas or line breaks."""
    try:
        words = path.read_text(encoding="utf-8").replace(",", " ").split()
        kind = np.float64 if tensor.np_dtype.kind == "f" else np.int64
        numbers = np.array([float(word) if kind is np.float64 else int(word, 0) for word in words], dtype=kind)
    except ValueError as error:
        raise InputError(f"{path} has something that is no number for {_expected(tensor, shape)}: {error}") from error
    except OverflowError as error:
        raise InputError(f"{path} has a number that is too large for {_expected(tensor, shape)}") from error
    if tensor.np_dtype.kind in "iu":
        limits = np.iinfo(tensor.np_dtype)
        if numbers.size and (numbers.min() < limits.min or numbers.max() > limits.max):
            raise InputError(f"{path} has numbers beyond {limits.min} to {limits.max} for {_expected(tensor, shape)}")
    return _shaped(numbers.astype(tensor.np_dtype), tensor, shape, f"{path} has {numbers.size} numbers")


def read_raw(path: Path, tensor: TensorInfo, shape: Sequence[int], strides: Sequence[int] | None) -> Array:
    """Reads bytes: dense, or with the padding of the given strides or of the model's own."""
    data = np.fromfile(path, dtype=np.uint8)
    if strides is not None:
        shape = _known(tensor, shape, path)
        return _strided(data, tensor, shape, strides, path)
    item = tensor.np_dtype.itemsize
    dense = data.size // item
    if padded_bytes(tensor) == data.size != int(np.prod(shape)) * item:
        return _strided(data, tensor, shape, tensor.strides, path)
    if data.size % item:
        raise InputError(f"{path} has {data.size} bytes, which is no whole number of {tensor.dtype.name} elements")
    return _shaped(data[: dense * item].view(tensor.np_dtype), tensor, shape, f"{path} has {data.size} bytes")


def _strided(data: Array, tensor: TensorInfo, shape: Sequence[int], strides: Sequence[int], path: Path) -> Array:
    dtype = tensor.np_dtype
    used = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) + dtype.itemsize
    if data.size < used:
        raise InputError(
            f"{path} has {data.size} bytes; {_expected(tensor, shape)} with strides {list(strides)} needs {used}"
        )
    return np.ndarray(tuple(shape), dtype, data.data, 0, tuple(strides))


def _shaped(values: Array, tensor: TensorInfo, shape: Sequence[int], found: str) -> Array:
    open_dimensions = [index for index, size in enumerate(shape) if size == _DYNAMIC]
    known = int(np.prod([size for size in shape if size != _DYNAMIC], dtype=np.int64))
    if len(open_dimensions) == 1 and known and values.size % known == 0 and values.size:
        return values.reshape(shape)
    if open_dimensions:
        raise InputError(
            f"{found}, which does not determine the shape of {_expected(tensor, shape)}: --input_valid_shape"
        )
    if values.size != known:
        raise InputError(f"{found}; {_expected(tensor, shape)} needs {known} elements of {tensor.np_dtype.itemsize}")
    return values.reshape(shape)


def _known(tensor: TensorInfo, shape: Sequence[int], path: Path) -> Sequence[int]:
    if _DYNAMIC in shape:
        raise InputError(f"{path}: the shape of {_expected(tensor, shape)} is open: --input_valid_shape")
    return shape


def _expected(tensor: TensorInfo, shape: Sequence[int]) -> str:
    return f"input {tensor.name!r} ({tensor.dtype.name}, {list(shape)})"
