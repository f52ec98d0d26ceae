"""What mends an argument that is no array, or an array that does not fit. Asked only when a call has failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, NamedTuple

CONVERT = "convert lists and scalars with numpy.asarray"


class Tensor(NamedTuple):
    """Shape (-1 where it is dynamic) and numpy dtype of an array or a model's tensor."""

    shape: Sequence[int]
    dtype: str


_OBJECTS: list[tuple[Callable[[Any], bool], str]] = [
    (lambda value: value is None, "cv2.imread() and dict.get() return None for what they cannot find"),
    (
        lambda value: isinstance(value, (str, os.PathLike)),
        "a file is read first: cv2.imread(path) or numpy.load(path)",
    ),
    (lambda value: _package(value) == "PIL", "numpy.asarray(image) gives the pixels of a PIL image"),
    (
        lambda value: hasattr(value, "read"),
        "a file's content is read first: numpy.load(file), or numpy.frombuffer(file.read(), dtype)",
    ),
    (lambda value: isinstance(value, Iterator), "an iterator is collected first: numpy.stack(list(values))"),
    (
        lambda value: isinstance(value, (list, tuple)) and bool(value) and all(map(_is_array, value)),
        "numpy.stack(arrays) makes one array of several; several inputs are a dict by name, or a list for "
        "runtime[model].run(arrays)",
    ),
]


def about_object(value: Any) -> str:
    """Says what to do with something that is no array."""
    return next((hint for applies, hint in _OBJECTS if applies(value)), CONVERT)


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__")


def about_failed_conversion(value: Any) -> str:
    """Says what to do with something that promises an array and does not give it: a tensor of a GPU. "" for others."""
    if _package(value) == "torch":
        device = str(getattr(value, "device", ""))
        if device not in {"", "cpu"}:
            return f"the tensor is on {device}; tensor.cpu() brings it to where numpy can read it"
        if getattr(value, "requires_grad", False):
            return "the tensor records gradients; tensor.detach() gives its values"
    return ""


def about_input(given: Tensor, wanted: Tensor, name: str, inputs: Mapping[str, Tensor]) -> str:
    """Returns the line that makes an array fit an input; "" when it cannot be inferred."""
    if given.dtype == "object":
        number = f"numpy.{wanted.dtype}"
        return f"it holds objects: numpy.asarray(values, {number}) or frame.to_numpy({number}) makes numbers of them"
    if given.dtype.startswith(">"):
        return ""
    planes = _planes(given, name, inputs)
    if planes:
        return planes
    line = _mended(given, wanted)
    if line:
        return f"use {line}"
    size = _picture_size(wanted.shape)
    if size is not None and _looks_like_picture(given):
        width, height = size
        return f"resize the picture to {width} x {height} first: hbm_runtime.image.letterbox() or resize()"
    return f"use array.astype(numpy.{wanted.dtype})" if given.dtype != wanted.dtype and wanted.dtype else ""


def about_single_array(given: Tensor, inputs: Mapping[str, Tensor]) -> str:
    """Returns how one array serves a model with several inputs; "" when it cannot be inferred."""
    return _planes(given, "", inputs)


def about_output(given: Tensor, wanted: Tensor) -> str:
    """Says which array takes an output."""
    shape = given.shape if _fits(given.shape, wanted.shape) else wanted.shape
    sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    return "" if -1 in shape else f"allocate it: numpy.empty(({sizes}), numpy.{wanted.dtype})"


def _mended(given: Tensor, wanted: Tensor) -> str:
    """``array.transpose(2, 0, 1)[None].astype(numpy.float32)``."""
    steps = _steps(list(given.shape), list(wanted.shape))
    if steps is None or not wanted.dtype:
        return ""
    return "array" + steps + (f".astype(numpy.{wanted.dtype})" if given.dtype != wanted.dtype else "")


def _steps(given: list[int], wanted: list[int]) -> str | None:
    if _fits(given, wanted):
        return ""
    if len(given) == len(wanted) + 1 and given[0] == 1 and _fits(given[1:], wanted):
        return "[0]"
    front = len(wanted) - len(given)
    if front not in {0, 1} or (front == 1 and wanted[0] not in {1, -1}):
        return None
    target, tail = wanted[front:], "[None]" * front
    if _fits(given, target):
        return tail
    orders = [order for order in permutations(range(len(given))) if _fits([given[i] for i in order], target)]
    # Only the order of channels and picture moves: pictures are not turned.
    keep = [order for order in orders if _keeps_order(order)]
    return f".transpose{keep[0]}{tail}" if len(keep) == 1 else None


def _keeps_order(order: tuple[int, ...]) -> bool:
    """Returns True if one axis moves past the others in order: channels first to last, or back."""
    last = len(order) - 1
    batch = 1 if order[0] == 0 and last > 2 else 0
    channels = range(batch, last + 1)
    return order[batch:] in {(last, *channels[:-1]), (*channels[1:], batch)}


def _fits(given: Sequence[int], wanted: Sequence[int]) -> bool:
    return len(given) == len(wanted) and all(size in (-1, own) for own, size in zip(given, wanted, strict=True))


def _looks_like_picture(given: Tensor) -> bool:
    return given.dtype == "uint8" and len(given.shape) == 3 and given.shape[2] in {3, 4}


def _picture_size(shape: Sequence[int]) -> tuple[int, int] | None:
    """Width and height of an input for pictures with three channels."""
    if len(shape) == 4 and -1 not in shape:
        if shape[1] == 3:
            return shape[3], shape[2]
        if shape[3] == 3:
            return shape[2], shape[1]
    return None


def _planes(given: Tensor, name: str, inputs: Mapping[str, Tensor]) -> str:
    """What makes the planes of an NV12 input out of a BGR picture or a packed frame."""
    for luma, plane in inputs.items():
        chroma = inputs.get(luma.removesuffix("_y") + "_uv")
        if not luma.endswith("_y") or chroma is None or len(plane.shape) != 4 or given.dtype != "uint8":
            continue
        if name not in {"", luma, luma.removesuffix("_y") + "_uv"}:
            continue
        height, width = plane.shape[1:3]
        call = f"{{'{luma}': y, '{luma.removesuffix('_y')}_uv': uv}}"
        if _looks_like_picture(given):
            size = "" if _fits(given.shape[:2], (height, width)) else f", after resizing it to {width} x {height}"
            return f"y, uv = hbm_runtime.image.bgr_to_nv12(picture) makes the planes of a BGR picture{size}; run {call}"
        frame = height * width * 3 // 2
        if tuple(given.shape) in {(height * 3 // 2, width), (frame,), (1, height * 3 // 2, width)}:
            return f"y, uv = hbm_runtime.image.split_nv12(frame) gives the planes of a packed NV12 frame; run {call}"
    return ""
