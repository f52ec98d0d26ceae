"""Checks of the arrays that the picture functions get; each error names the function and the argument."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._errors import InputError, InputTypeError

Pixels = npt.NDArray[np.uint8]


def check_bytes(function: str, name: str, array: Any) -> None:
    if not isinstance(array, np.ndarray):
        raise InputTypeError(f"{function}(): {name} must be a numpy array, not {type(array).__name__}")
    if array.dtype != np.uint8:
        raise InputError(f"{function}(): {name} must have dtype uint8, not {array.dtype}")


def check_color(function: str, name: str, image: Any) -> None:
    check_bytes(function, name, image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"{function}(): {name} must be (height, width, 3), given {list(image.shape)}")


def odd_size(width: int, height: int) -> str | None:
    """What is wrong with a size that NV12 cannot have; None for others."""
    if width % 2 == 0 and height % 2 == 0 and width and height:
        return None
    return (
        f"NV12 needs an even width and an even height, given {width} x {height}: resize, letterbox or crop the image "
        "first"
    )


def check_even(function: str, width: int, height: int) -> None:
    wrong = odd_size(width, height)
    if wrong:
        raise InputError(f"{function}(): {wrong}")


def check_apart(function: str, *arrays: Pixels) -> None:
    for index, one in enumerate(arrays):
        for other in arrays[:index]:
            if np.shares_memory(one, other):
                raise InputError(f"{function}(): two of the arrays share memory")


def picture(function: str, name: str, image: Any) -> Pixels:
    """The picture as (height, width, channels)."""
    check_bytes(function, name, image)
    if image.ndim not in {2, 3} or 0 in image.shape or (image.ndim == 3 and image.shape[2] > 4):
        raise InputError(
            f"{function}(): {name} must be (height, width) or (height, width, channels) with 1 to 4 channels, "
            f"given {list(image.shape)}"
        )
    pixels: Pixels = image if image.ndim == 3 else image[:, :, None]
    return pixels


def target(function: str, name: str, out: Pixels | None, shape: tuple[int, ...]) -> Pixels:
    """The array for the result: the one given, checked, or a new one."""
    if out is None:
        return np.empty(shape, np.uint8)
    check_bytes(function, name, out)
    if out.shape != shape:
        raise InputError(f"{function}(): {name} must have the shape {list(shape)}, given {list(out.shape)}")
    if not out.flags.writeable:
        raise InputError(f"{function}(): {name} is read-only")
    return out


def box_size(function: str, size: int | tuple[int, int]) -> tuple[int, int]:
    """Width and height of a size, which is a pair or one number for a square."""
    try:
        pair = [operator.index(each) for each in (size if isinstance(size, Sequence) else (size, size))]
    except TypeError:
        raise InputTypeError(f"{function}(): size must be an int or (width, height), not {size!r}") from None
    if len(pair) != 2 or min(pair) < 1:
        raise InputError(f"{function}(): size must be (width, height), each at least 1, not {size!r}")
    return pair[0], pair[1]


def colors(function: str, color: int | Sequence[int], channels: int) -> list[int]:
    """A number for each channel."""
    try:
        given = [operator.index(each) for each in (color if isinstance(color, Sequence) else [color] * channels)]
    except TypeError:
        raise InputTypeError(f"{function}(): color must be an int or ints, not {color!r}") from None
    if len(given) != channels or not all(0 <= each <= 255 for each in given):
        raise InputError(f"{function}(): color must be one number from 0 to 255, or {channels} of them, not {color!r}")
    return given


def y_plane(function: str, y: Pixels, height: int, width: int) -> Pixels:
    """The plane as (height, width, 1)."""
    check_bytes(function, "y", y)
    shapes = [(1, height, width, 1), (height, width, 1), (1, height, width), (height, width)]
    if y.shape not in shapes:
        raise InputError(f"{function}(): y must have one of the shapes {_listed(shapes)}, given {list(y.shape)}")
    if y.shape == shapes[1]:
        return y
    rows = y[0] if y.ndim > 2 else y
    return rows if rows.ndim == 3 else rows[:, :, None]


def uv_plane(function: str, uv: Pixels, height: int, width: int) -> Pixels:
    """The plane as (height/2, width/2, 2)."""
    check_bytes(function, "uv", uv)
    half = (height // 2, width // 2)
    shapes = [(1, *half, 2), (*half, 2), (1, half[0], width), (half[0], width)]
    if uv.shape not in shapes:
        raise InputError(f"{function}(): uv must have one of the shapes {_listed(shapes)}, given {list(uv.shape)}")
    if uv.shape == shapes[1]:
        return uv
    rows = uv[0] if uv.ndim > 2 else uv
    return rows if rows.ndim == 3 else rows.reshape(*half, 2)


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes)
